// The ONNX project's own cases of single operators, on the backends that Node has.

import { beforeAll, describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import type { Backend } from '../../src/execution/types.ts';
import { sharedFolder, skipReason } from '../shared.ts';
import { judge } from './judge.ts';
import { casesOf, nodeSuites, readCase } from './suites.ts';

for (const name of ['wasm', 'cpu'] as const)
  describe.skipIf(!sharedFolder())(`on ${name} (${skipReason})`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await chooseBackend(name);
    });

    for (const suite of nodeSuites)
      test.each(casesOf(suite))(`${suite}: %s`, async (id) => {
        const before = backend.tf.memory().numTensors;
        const { outcome, why } = await judge(backend, readCase(suite, id));
        expect({ outcome, why }).toEqual({ outcome: 'agrees', why: '' });
        expect(backend.tf.memory().numTensors).toBe(before);
      });
  });
