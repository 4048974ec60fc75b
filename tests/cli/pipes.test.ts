// The command line as a process whose reader goes away.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('says nothing of a reader that has seen enough', async () => {
  const words = ['--import', 'tsx', 'src/cli/main.ts', 'inspect', 'public/sample.onnx', '--json'];
  const program = spawn(process.execPath, words, { cwd: root });
  program.stdout.destroy();
  let err = '';
  program.stderr.on('data', (text) => {
    err += text;
  });
  const status = await new Promise((resolve) => program.on('close', resolve));
  expect({ status, err }).toEqual({ status: 0, err: '' });
});
