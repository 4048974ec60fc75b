// The command line on several threads, as a process of its own: what one thread computes, an end by itself, and an end at
// an interrupt.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { smallData, smallModel } from '../workbench/small.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'secateur-threads-'));
const at = (name: string): string => join(folder, name);

/** Wide enough that a convolution is worth a second thread. */
const widths = [64, 96] as const;

beforeAll(() => {
  writeFileSync(at('wide.onnx'), smallModel({ widths }).bytes);
  for (const { name, bytes } of smallData()) writeFileSync(at(name), bytes);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly status: number | null;
  readonly err: string;
}

/** Trains in a process of its own, which is interrupted when such a line of progress is told. */
function train(threads: number, epochs: number, interruptAt?: RegExp): Promise<Ended> {
  const options = ['--data', folder, '--backend', 'wasm', '--threads', threads, '--epochs', epochs];
  const words = ['train', at('wide.onnx'), '-o', at(`${threads}.onnx`), ...options.map(String)];
  const program = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...words], { cwd: root });
  let err = '';
  let interrupted = false;
  program.stderr.on('data', (text) => {
    err += text;
    // A second interrupt would not wait for what is kept.
    if (interrupted || !interruptAt?.test(err)) return;
    interrupted = program.kill('SIGINT');
  });
  return new Promise((resolve) => program.on('close', (status) => resolve({ status, err })));
}

it('trains on several threads as on one, and ends', async () => {
  const [one, two] = [await train(1, 2), await train(2, 2)];
  expect(one).toMatchObject({ status: 0, err: expect.stringContaining('1 thread\n') });
  expect(two).toMatchObject({ status: 0, err: expect.stringContaining('2 threads\n') });
  expect(readFileSync(at('2.onnx'))).toEqual(readFileSync(at('1.onnx')));
  expect(readFileSync(at('2.onnx'))).not.toEqual(readFileSync(at('wide.onnx')));
});

it('stops its threads at an interrupt', async () => {
  const { status, err } = await train(2, 10_000, /^epoch 2\//m);
  expect(err).toContain('what was learned so far is in');
  expect(status).toBe(130);
});
