// SUPPORT.md tells what the operator table says today.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { supportPage } from '../../scripts/support.ts';
import { allOperators } from '../../src/ops/table.ts';
import { sharedFolder, skipReason } from '../shared.ts';

const page = readFileSync(new URL('../../SUPPORT.md', import.meta.url), 'utf8');

test('SUPPORT.md lists every operator', () => {
  const listed = [...page.matchAll(/^\| ([\w.]+) \|/gm)]
    .map(([, name]) => name)
    .filter((n) => n !== 'operator');
  expect(listed).toEqual(allOperators().map(({ domain, name }) => (domain ? `${domain}.${name}` : name)));
});

test.skipIf(!sharedFolder())(`SUPPORT.md is what npm run support prints (${skipReason})`, () => {
  expect(page).toBe(supportPage());
});
