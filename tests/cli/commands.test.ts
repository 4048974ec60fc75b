// Every command as a person or a script calls it: words in, JSON on standard output, exit status.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy, writeNpy } from '../../src/cli/npy.ts';
import { execute } from '../../src/cli/terminal.ts';
import { openModel } from '../../src/formats/formats.ts';
import { SIDE, smallData, smallModel } from '../workbench/small.ts';

const folder = mkdtempSync(join(tmpdir(), 'secateur-cli-'));
const at = (name: string): string => join(folder, name);
const model = at('small.onnx');

beforeAll(() => {
  writeFileSync(model, smallModel().bytes);
  for (const { name, bytes } of smallData()) writeFileSync(at(name), bytes);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

const run = (...argv: string[]): Promise<Ran> => interrupted(undefined, ...argv);

/** Runs, and interrupts when such a line of progress is told. */
async function interrupted(line: RegExp | undefined, ...argv: string[]): Promise<Ran> {
  let interrupt = () => {};
  let out = '';
  let err = '';
  const status = await execute(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
      if (line?.test(text)) interrupt();
    },
    onInterrupt: (listener) => {
      interrupt = listener;
    },
  });
  return { status, out, err };
}

async function json(...argv: string[]) {
  const { status, out, err } = await run(...argv, '--json');
  expect(err).not.toMatch(/^secateur/m);
  expect(status).toBe(0);
  return JSON.parse(out);
}

const shapesIn = (path: string): Record<string, readonly number[]> => {
  const { tensors } = openModel(new Uint8Array(readFileSync(path)), path).graph;
  return Object.fromEntries([...tensors.values()].map(({ name, dims }) => [name, dims]));
};

describe('secateur', () => {
  it('lists its commands, tells the options of one, and refuses what it does not know', async () => {
    const overview = await run();
    expect(overview.status).toBe(0);
    for (const name of ['inspect', 'prune', 'run', 'evaluate', 'train', 'iterate'])
      expect(overview.out).toContain(`  ${name}`);
    expect((await run('prune', '--help')).out).toContain('--layer-ratio NAME=R');
    expect(await run('graft')).toMatchObject({ status: 2, out: '' });
    const wrong = await run('inspect', model, '--colour');
    expect(wrong).toMatchObject({ status: 2, out: '' });
    expect(wrong.err).toContain("Unknown option '--colour'");
  });

  it('runs as a program of its own', async () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const program = promisify(execFile);
    const command = ['node_modules/tsx/dist/cli.mjs', 'src/cli/main.ts'];
    const { stdout } = await program(process.execPath, [...command, 'inspect', model, '--json'], {
      cwd: root,
    });
    expect(JSON.parse(stdout)).toMatchObject({ format: 'onnx', params: 1172 });
    const failed = program(process.execPath, [...command, 'inspect', at('nothing.onnx')], { cwd: root });
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('nothing.onnx" does not exist.'),
    });
  });
});

describe('inspect', () => {
  it('tells inputs, outputs, cost and groups', async () => {
    const result = await json('inspect', model);
    expect(result).toMatchObject({
      format: 'onnx',
      inputs: [{ name: 'image', dtype: 'float32', shape: ['N', 1, SIDE, SIDE] }],
      outputs: [{ shape: ['N', 4] }],
      nodes: 8,
      problems: [],
    });
    const [first, , last] = result.groups;
    expect(first).toMatchObject({ root: 'conv1.weight', units: 8 });
    expect(first.members).toContainEqual({ tensor: 'conv2.weight', axis: 1 });
    expect(first.locked).toBeUndefined();
    expect(last).toMatchObject({ root: 'classifier.weight', locked: expect.stringContaining('output') });
  });
});

describe('prune', () => {
  it('writes the smaller model and says what it did', async () => {
    const out = at('pruned.onnx');
    const result = await json('prune', model, '-o', out, '--ratio', '0.5', '--steps', '2');
    expect(result.pruned).toBe(true);
    expect(result.steps.map(({ step, pruned }: { step: number; pruned: boolean }) => [step, pruned])).toEqual(
      [
        [1, true],
        [2, true],
      ],
    );
    expect(result.shapes['conv1.weight']).toEqual([4, 1, 3, 3]);
    expect(result.shapes['conv2.weight']).toEqual([6, 4, 3, 3]);
    expect(shapesIn(out)).toEqual(result.shapes);
    const after = await json('inspect', out);
    expect(result.after).toEqual({ params: after.params, macs: after.macs });
    expect(result.steps[1]).toMatchObject(result.after);
    expect(result.before.params).toBeGreaterThan(result.after.params);
  });

  it('takes layers by name: ignored ones stay, others have ratios of their own', async () => {
    const out = at('named.onnx');
    const words = ['-o', out, '--ratio', '0.25'];
    const ignored = await json(
      'prune',
      model,
      ...words,
      '--ignore',
      'conv1',
      '--layer-ratio',
      'conv2.weight=0.75',
    );
    expect(ignored.shapes['conv1.weight']).toEqual([8, 1, 3, 3]);
    expect(ignored.shapes['conv2.weight']).toEqual([3, 8, 3, 3]);
    const both = await run('prune', '--ignore', 'conv1', 'conv2', '-o', out, model, '--json');
    expect(JSON.parse(both.out)).toMatchObject({ pruned: false });
  });

  it('meets a target', async () => {
    const result = await json('prune', model, '-o', at('half.onnx'), '--target-params', '0.6');
    expect(result.after.params / result.before.params).toBeLessThan(0.65);
    expect(result.after.params / result.before.params).toBeGreaterThan(0.5);
  });

  it('exits with 0 and writes nothing where nothing was to prune, unless it is told to', async () => {
    const out = at('same.onnx');
    const nothing = ['prune', model, '-o', out, '--ratio', '0'];
    const result = await json(...nothing);
    expect(result).toMatchObject({ pruned: false, before: result.after });
    expect(result.steps[0].reasons[0]).toMatchObject({ code: 'quota-zero', message: expect.any(String) });
    expect(existsSync(out)).toBe(false);
    expect((await run(...nothing)).out).toContain('Nothing was pruned.');
    await json(...nothing, '--always-write');
    expect(new Uint8Array(readFileSync(out))).toEqual(smallModel().bytes);
  });

  it('uses gradients where the criterion asks for them', async () => {
    const out = at('taylor.onnx');
    const result = await json('prune', model, '-o', out, '--criterion', 'taylor', '--data', folder);
    expect(result.pruned).toBe(true);
    const without = await run('prune', model, '-o', out, '--criterion', 'taylor');
    expect(without).toMatchObject({ status: 2, err: expect.stringContaining('--data') });
  });

  it('replays a recipe to equal bytes', async () => {
    const [first, second, recipe] = [at('first.onnx'), at('second.onnx'), at('recipe.json')];
    await json('prune', model, '-o', first, '--scope', 'global', '--steps', '2', '--save-recipe', recipe);
    const result = await json('prune', model, '-o', second, '--recipe', recipe);
    expect(result.pruned).toBe(true);
    expect(readFileSync(second)).toEqual(readFileSync(first));
    const wrong = await run('prune', model, '-o', second, '--recipe', model);
    expect(wrong).toMatchObject({ status: 1, err: expect.stringContaining('is no recipe') });
  });

  it.each([
    [['--ratio', '2'], 'from 0 to 1'],
    [['--scope', 'galactic'], 'local, global, isomorphic'],
    [['--layer-ratio', 'conv1'], 'conv1.weight=0.25'],
    [['--steps', '1.5'], 'whole number'],
    [['--target-macs', '0'], '--target-macs takes a number above 0 and at most 1, not "0".'],
    [['--target-macs', '0.5', '--target-params', '0.5'], 'one target'],
  ])('refuses %j', async (words, sentence) => {
    const result = await run('prune', model, '-o', at('never.onnx'), ...words);
    expect(result).toMatchObject({ status: 2, out: '', err: expect.stringContaining(sentence) });
  });

  it('names a layer that does not exist', async () => {
    const result = await run('prune', model, '-o', at('never.onnx'), '--layer-ratio', 'conv9=0.5');
    expect(result.err).toContain('conv9');
  });
});

describe('run', () => {
  it('computes outputs, and writes them', async () => {
    const data = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => Math.sin(i));
    writeFileSync(at('x.npy'), writeNpy({ dims: [2, 1, SIDE, SIDE], data }));
    const result = await json('run', model, '--input', at('x.npy'), '-o', at('y.npy'));
    const [output] = Object.values(result.outputs) as {
      shape: number[];
      mean: number;
      l2: number;
      first: number[];
    }[];
    expect(output.shape).toEqual([2, 4]);
    expect(output.first).toHaveLength(8);
    const written = await readNpy(new Uint8Array(readFileSync(at('y.npy'))), 'y.npy');
    expect(written.dims).toEqual([2, 4]);
    expect(Array.from(written.data)).toEqual(output.first);
    expect(output.mean).toBeCloseTo(
      output.first.reduce((sum, value) => sum + value / 8, 0),
      6,
    );
    expect(output.l2).toBeCloseTo(Math.hypot(...output.first), 6);
    expect(await json('run', model, '--input', `image=${at('x.npy')}`)).toEqual(result);
  });

  it('says what inputs it takes', async () => {
    expect(await run('run', model)).toMatchObject({
      status: 2,
      err: expect.stringContaining('one --input: image'),
    });
    expect(await run('run', model, '--input', model)).toMatchObject({
      status: 1,
      err: expect.stringContaining('no NPY file'),
    });
  });
});

describe('evaluate, train and iterate', () => {
  const learning = [
    '--data',
    folder,
    '--epochs',
    '4',
    '--optimizer',
    'adam',
    '--learning-rate',
    '0.01',
    '--batch-size',
    '16',
  ];

  it('measures loss and accuracy on the test part', async () => {
    const result = await json('evaluate', model, '--data', folder);
    expect(result).toMatchObject({ examples: 48, loss: expect.any(Number) });
    expect(result.accuracy).toBeGreaterThanOrEqual(0);
    expect((await run('evaluate', model)).status).toBe(2);
    expect(await run('evaluate', model, '--data', at('nowhere'))).toMatchObject({ status: 1 });
  });

  it('trains a model and writes it', async () => {
    const out = at('trained.onnx');
    const result = await json('train', model, '-o', out, ...learning);
    expect(result).toMatchObject({ trained: true, outcome: 'completed', epochs: 4 });
    expect(result.after.accuracy).toBeGreaterThan(0.9);
    expect((await json('evaluate', out, '--data', folder)).accuracy).toBe(result.after.accuracy);
  });

  it('prunes and trains in turns', async () => {
    const out = at('iterated.onnx');
    const {
      status,
      out: text,
      err,
    } = await run(
      ...['iterate', at('trained.onnx'), '-o', out, '--ratio', '0.5', '--steps', '2', ...learning, '--json'],
    );
    expect(status).toBe(0);
    expect(err).toMatch(/step 2: removed \d+ channels/);
    const result = JSON.parse(text);
    expect(result.steps).toHaveLength(2);
    for (const step of result.steps) expect(step).toMatchObject({ pruned: true, trained: true, reasons: [] });
    expect(result.after).toMatchObject({
      params: result.steps[1].params,
      accuracy: result.steps[1].accuracy,
    });
    expect(result.after.accuracy).toBeGreaterThan(0.9);
    expect(result.before.accuracy).toBeGreaterThan(0.9);
    expect(shapesIn(out)['conv2.weight']).toEqual([6, 4, 3, 3]);
  });

  it.each([
    ['train', ['nowhere', 'out.onnx'], 'its folder does not exist'],
    ['iterate', ['small.onnx', 'out.onnx'], 'its folder is a file'],
    ['prune', ['.'], 'it is a folder'],
  ])('%s tells before its work that there is no place for what it makes', async (name, place, why) => {
    const path = join(folder, ...place);
    const data = name === 'prune' ? [] : learning;
    expect(await run(name, model, '-o', path, ...data)).toEqual({
      status: 1,
      out: '',
      err: `secateur ${name}: "${path}" cannot be written: ${why}.\n`,
    });
  });

  it('stops at an interrupt, writes what there is and says so', async () => {
    const train = at('cut-short.onnx');
    const long = [...learning, '--epochs', '10000', '--json'];
    const trained = await interrupted(/^epoch 2\//, 'train', model, '-o', train, ...long);
    expect(trained.status).toBe(130);
    expect(trained.err).toContain(`what was learned so far is in ${train}`);
    expect(JSON.parse(trained.out)).toMatchObject({ trained: true, outcome: 'stopped' });
    expect(readFileSync(train)).not.toEqual(readFileSync(model));

    const turns = at('turns.onnx');
    const iterate = ['iterate', model, '-o', turns, '--ratio', '0.5', '--steps', '3', ...long];
    const iterated = await interrupted(/^epoch 1\//, ...iterate);
    expect(iterated.status).toBe(130);
    expect(iterated.err).toContain(`interrupted after 1 of 3 steps; what there is, is in ${turns}`);
    expect(JSON.parse(iterated.out).steps).toMatchObject([{ pruned: true, trained: true }]);
    expect(shapesIn(turns)['conv1.weight'][0]).toBeLessThan(shapesIn(model)['conv1.weight'][0]);
  });

  it('repairs what was cut before it trains, and learns from the original as it is told to', async () => {
    const result = await json(
      ...['iterate', at('trained.onnx'), '-o', at('repaired.onnx'), '--ratio', '0.5', ...learning],
      ...[
        '--repair',
        'reconstruction',
        '--distil',
        '--attention-maps',
        '--rate-schedule',
        'step',
        '--nesterov',
      ],
    );
    const [{ repairs }] = result.steps;
    expect(repairs).toEqual([
      { method: 'reconstruction', changed: true, message: expect.stringContaining('Reconstructed') },
    ]);
    expect(await run('prune', model, '-o', at('x.onnx'), '--repair', 'magic')).toMatchObject({ status: 2 });
    const milestones = ['--rate-schedule', 'step', '--milestones', '2'];
    expect(await run('train', model, '-o', at('x.onnx'), ...learning, ...milestones)).toMatchObject({
      status: 2,
    });
  });

  it('does not repair after a step that removed nothing', async () => {
    const data = ['--data', folder, '--repair', 'reconstruction'];
    const { pruned, steps } = await json('prune', model, '-o', at('x.onnx'), '--ratio', '0', ...data);
    expect(pruned).toBe(false);
    expect(steps[0].repairs).toEqual([
      { method: 'reconstruction', changed: false, message: expect.stringContaining('so no repair follows') },
    ]);
  });

  it('does not train after a step that removed nothing', async () => {
    const out = at('untouched.onnx');
    const result = await json('iterate', model, '-o', out, '--ratio', '0', '--steps', '2', ...learning);
    for (const step of result.steps)
      expect(step).toMatchObject({ pruned: false, trained: false, accuracy: result.before.accuracy });
    expect(result.after).toEqual(result.before);
    expect(existsSync(out)).toBe(false);
  });
});
