// A team of real threads over one memory: the same results as one thread, whoever starts, fails or is lost.

import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build, type Rolldown } from 'vite';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Exports, ModuleBuilder } from '../../src/execution/wasm/kernels/assembler.ts';
import { defineElements } from '../../src/execution/wasm/kernels/elements.ts';
import { type Call, type StartThread, Team } from '../../src/execution/wasm/team.ts';

const COUNT = 4000;
const BYTES = COUNT * 4;

const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
const builder = new ModuleBuilder({ fused: false });
defineElements(builder);
const module = new WebAssembly.Module(builder.bytes(true));
const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
const numbers = new Float32Array(memory.buffer);

let script: string;
beforeAll(async () => {
  const entry = fileURLToPath(new URL('../../src/execution/wasm/team.ts', import.meta.url));
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, lib: { entry, formats: ['iife'], name: 'team' } },
  })) as Rolldown.RolldownOutput[];
  script = `${built[0].output[0].code}
    const { parentPort, workerData } = require('node:worker_threads');
    parentPort.postMessage('ready');
    team.serveTeam(workerData);`;
});

const startThread: StartThread = (workerData) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(script, { eval: true, workerData });
    worker.once('message', () => resolve(worker));
    worker.once('error', reject);
  });

let team: Team | undefined;
afterEach(() => team?.stop());

const start = async (count: number, thread: StartThread): Promise<Team> => {
  team = await Team.start(module, memory, kernels, count, thread);
  return team;
};

/** Numbers held between limits that move from round to round, cut into calls of unequal length. */
function callsOf(round: number): Call[] {
  const lengths = Array.from({ length: 90 }, (_, i) => 1 + ((i * 7 + round) % 80));
  let first = 0;
  return lengths.map((length) => {
    const call: Call = ['clip', first * 4, BYTES + first * 4, length, -round, round];
    first += length;
    return call;
  });
}

describe('a team', () => {
  it('computes what one thread computes, round after round', async () => {
    const threads = await start(3, startThread);
    expect(threads.size).toBe(3);
    for (let i = 0; i < COUNT; i++) numbers[i] = Math.sin(i) * 300;
    for (let round = 1; round <= 200; round++) {
      const calls = callsOf(round);
      threads.run(calls);
      const together = numbers.slice(COUNT, 2 * COUNT);
      numbers.fill(0, COUNT);
      for (const [kernel, ...args] of calls) kernels[kernel](...args);
      expect(together).toEqual(numbers.slice(COUNT, 2 * COUNT));
      numbers.fill(0, COUNT);
    }
  });

  it('does without threads that do not start', async () => {
    let asked = 0;
    const threads = await start(3, (setup) =>
      asked++ === 0 ? Promise.reject(new Error('refused')) : startThread(setup),
    );
    expect(threads.size).toBe(2);
    threads.run(callsOf(5));
    expect(numbers[COUNT + 1]).toBe(5);
  });

  it('tells a kernel that failed, and goes on with one thread', async () => {
    const threads = await start(2, startThread);
    const outside: Call = ['clip', 2 ** 31 - 4, 0, 1, 0, 1];
    expect(() => threads.run([...callsOf(1), outside])).toThrow('failed');
    expect(threads.size).toBe(1);
    threads.run(callsOf(7));
    expect(numbers[COUNT + 1]).toBe(7);
  });
});
