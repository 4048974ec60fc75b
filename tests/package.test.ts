// The library and the command line as they are bundled for the package, each in a process of its own.

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Where the bundle finds the libraries it uses. */
const folder = fileURLToPath(new URL('../node_modules/.cache/secateur-package', import.meta.url));
const sample = fileURLToPath(new URL('../public/sample.onnx', import.meta.url));

beforeAll(async () => {
  await build({
    root,
    configFile: `${root}/vite.node.config.ts`,
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const node = (...words: string[]): string => execFileSync(process.execPath, words, { encoding: 'utf8' });
const address = (file: string): string => JSON.stringify(pathToFileURL(`${folder}/${file}`));

it('computes on threads of its own', () => {
  const program = `
    import { chooseBackend } from ${address('secateur.js')};
    import { onThreads } from ${address('node.js')};
    const { description } = await chooseBackend('wasm', onThreads(2));
    console.log(description);`;
  expect(node('--input-type=module', '--eval', program)).toContain('2 threads');
});

it('answers in a terminal', () => {
  const { groups } = JSON.parse(node(`${folder}/cli.js`, 'inspect', sample, '--json')) as {
    groups: unknown[];
  };
  expect(groups.length).toBeGreaterThan(1);
});
