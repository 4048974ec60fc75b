// Every recorded case of every reference network: pruned as Torch-Pruning pruned it, to the checksum, or differently for
// a reason that is found in the network itself and printed in the table. What differs has to be right by itself: it
// computes what the original computes with the removed channels held at zero. ONNX Runtime runs what is exported.
// Of files above 100 MB only the first case is run, up to 400 MB, and the geometric median, which takes minutes there,
// is left out; SECATEUR_ZOO=all does it all and prints the rows of what it ran (`-t NAME`) into the table.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import type { Analysis, Removal } from '../../src/analysis/types.ts';
import { neededNodes } from '../../src/execution/plan.ts';
import type { Model } from '../../src/formats/format.ts';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { onnx } from '../../src/formats/onnx/index.ts';
import { isFloat, tensorOf } from '../../src/graph/tensor.ts';
import type { Graph } from '../../src/graph/types.ts';
import type { PrunerOptions } from '../../src/pruning/options.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { runOnnx } from '../onnx-runtime.ts';
import { materialise, readSharedJson, sharedFolder, skipReason, zooModels } from '../shared.ts';
import { maskedOriginal } from './random/masked.ts';
import {
  type Case,
  differences,
  distance,
  type Figure,
  inputsOf,
  optionsOf,
  type Reference,
  type Step,
} from './zoo/reference.ts';
import { reasons } from './zoo/why.ts';

const LARGE = 100e6;
const HUGE = 400e6;
const everything = process.env.SECATEUR_ZOO === 'all';

/** By model and case: `=`, or the letter of the reason. */
const table = new Map<string, Map<string, string>>();

interface Outcome {
  /** What is unlike the reference; empty where all figures agree. */
  readonly unlike: readonly string[];
  /** The network before and after every step that removed something. */
  readonly cuts: readonly {
    readonly before: Analysis;
    readonly removal: Map<string, readonly number[]>;
    readonly after: Graph;
  }[];
  readonly graph: Graph;
}

function prune(first: Analysis, reference: Reference, row: Case): Outcome {
  const pruner = new MetaPruner(first.graph, optionsOf(row), first);
  const missing = reference.params - first.params;
  const unlike: string[] = [];
  const cuts: Outcome['cuts'][number][] = [];
  for (const [i, step] of (row.steps.length > 0 ? row.steps : [undefined]).entries()) {
    const before = pruner.analysis;
    const pruned = pruner.step();
    const report = pruner.lastStep;
    if (!report) throw new Error('a step leaves a report');
    expect(pruned).toBe(report.removed.length > 0);
    expectLimits(pruner, optionsOf(row), first);
    expect(pruner.analysis.params).toBe(report.after.params);
    if (pruned) {
      const removal = new Map(report.removed.map(({ group, units }) => [group, units]));
      cuts.push({ before, removal, after: pruner.graph });
    }
    if (step)
      unlike.push(...unlikeStep(pruner, reference, step, missing).map((line) => `step ${i + 1}: ${line}`));
  }
  return { unlike, cuts, graph: pruner.graph };
}

/** No layer loses more than it may, and what remains of it is a multiple. */
function expectLimits(
  pruner: MetaPruner,
  { maxRatio = 1, roundTo = 1 }: PrunerOptions,
  first: Analysis,
): void {
  const sizes = new Map(first.groups.map(({ id, units }) => [id, units]));
  const present = new Map(pruner.analysis.groups.map((group) => [group.id, group]));
  for (const { group: id } of pruner.lastStep?.removed ?? []) {
    const group = present.get(id);
    const size = sizes.get(id) ?? 0;
    expect(group?.units ?? 1, id).toBeGreaterThanOrEqual(Math.ceil(size * (1 - maxRatio) - 1e-9));
    const layer = group?.members.find(
      ({ tensor, axis }) => tensor === group.root.tensor && axis === group.root.axis,
    );
    if (layer) expect(layer.unitOf.filter((unit) => unit >= 0).length % roundTo, id).toBe(0);
  }
}

function unlikeStep(pruner: MetaPruner, reference: Reference, step: Step, missing: number): string[] {
  const removed = pruner.lastStep?.removed ?? [];
  const out: string[] = [];
  if (step.pruned_any !== removed.length > 0) out.push(`pruned: ${removed.length > 0}`);
  const params = pruner.analysis.params + missing;
  if (step.params !== undefined && params !== step.params)
    out.push(`${params} parameters instead of ${step.params}`);
  return [...out, ...differences(pruner.graph, reference, step)];
}

/** Every step computes what the network before it computes with the removed positions held at zero. */
async function expectLaw(model: Model, { cuts }: Outcome, reference: Reference, row: Case): Promise<void> {
  const inputs = await inputsOf(model.graph, reference);
  for (const { before, removal, after } of cuts) {
    const rescaled = withNumbersOf(before.graph, analyse(after));
    const masked = maskedOriginal(rescaled, before.types, floats(before, removal));
    const expected = await runOnnx(onnx.write(createOnnx(masked)), inputs);
    const actual = await runOnnx(onnx.write({ ...model, graph: after }), inputs);
    for (const [name, { dims, data }] of Object.entries(expected)) {
      expect(actual[name].dims).toEqual(dims);
      const values = Array.from(data as Float32Array);
      const scale = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
      const worst = values.reduce(
        (most, v, i) => Math.max(most, Math.abs(v - Number(actual[name].data[i]))),
        0,
      );
      expect(worst / scale, `${row.id} ${name}`).toBeLessThan(1e-3);
    }
  }
}

/** Surviving positions of what is held at zero; truth values and indices follow. */
const floats = (analysis: Analysis, removal: Removal) =>
  new Map([...analysis.kept(removal)].filter(([name]) => isFloat(analysis.types.get(name)?.dtype ?? 'bool')));

/** The network with the numbers that it computes from its sizes (the scale of attention) as another still uses them. */
function withNumbersOf(graph: Graph, { graph: other, known }: Analysis): Graph {
  const tensors = new Map(graph.tensors);
  const needed = new Set(
    neededNodes(
      other,
      other.outputs.map(({ name }) => name),
    ).map(({ id }) => id),
  );
  const nodes = graph.nodes.filter(({ id, outputs: [name] }) => {
    const value = needed.has(id) ? known.get(name) : undefined;
    if (!value || !isFloat(value.dtype) || value.values.length !== 1) return true;
    tensors.set(name, tensorOf(name, value.dtype, value.dims, value.values));
    return false;
  });
  return { ...graph, nodes, tensors };
}

/** What ONNX Runtime makes of the exported file is what torch made of its own. */
async function expectForward(
  model: Model,
  { graph }: Outcome,
  reference: Reference,
  row: Case,
): Promise<void> {
  const recorded = row.steps.findLast(({ forward }) => forward)?.forward;
  if (!recorded) return;
  const outputs = await runOnnx(onnx.write({ ...model, graph }), await inputsOf(graph, reference));
  const figures: Figure[] = [recorded, ...(recorded.more ?? [])];
  for (const [i, figure] of figures.entries())
    expect(distance(outputs[graph.outputs[i].name], figure), row.id).toBeLessThan(1e-4);
}

describe.skipIf(!sharedFolder())(`recorded cases (${skipReason})`, () => {
  test.each(zooModels())('%s', { timeout: 1_800_000 }, async (name) => {
    const reference = readSharedJson<Reference>(`zoo/${name}.json`);
    const bytes = await materialise(name);
    const model = onnx.read(bytes, `${name}.onnx`);
    const large = bytes.length > LARGE && !everything;
    const analysis = analyse(model.graph);
    const marks = new Map<string, string>();
    for (const row of reference.cases) {
      if (large && row.config.importance === 'fpgm') continue;
      const outcome = prune(analysis, reference, row);
      const equal = outcome.unlike.length === 0 && !row.tp_fails;
      const why = equal ? undefined : reasons.find(({ holds }) => holds(analysis, reference, row));
      if (!equal) expect(why, `${row.id}: ${outcome.unlike.slice(0, 5).join('; ')}`).toBeDefined();
      marks.set(row.id, why?.key ?? '=');
      if (large && (row !== reference.cases[0] || bytes.length > HUGE)) continue;
      if (why) await expectLaw(model, outcome, reference, row);
      else await expectForward(model, outcome, reference, row);
    }
    table.set(name, marks);
    if (!everything) for (const [id, mark] of marks) expect(mark, id).toBe(cells.get(name)?.get(id));
  });

  afterAll(() => {
    if (everything) writeFileSync(TABLE, printed(new Map([...cells, ...table])));
  });
});

const TABLE = new URL('../../docs/reference-cases.md', import.meta.url);
/** The table as it is printed in the documentation. */
const cells = readTable();

function readTable(): Map<string, Map<string, string>> {
  if (!existsSync(TABLE)) return new Map();
  const rows = readFileSync(TABLE, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [[, ...ids], ...networks] = rows;
  return new Map(
    networks.map(([name, ...marks]) => [name, new Map(ids.map((id, i) => [id, marks[i]] as const))]),
  );
}

function printed(rows: typeof table): string {
  const ids = [...new Set([...rows.values()].flatMap((marks) => [...marks.keys()]))].sort();
  return [
    '# The reference cases',
    '',
    'Every case that Torch-Pruning 1.6.1 was recorded with, on every reference network. `=`: the same shapes, the same',
    'channels kept (to the checksum of every constant), the same parameters after every step. A letter: better, because:',
    '',
    ...reasons.map(({ key, why }) => `- **${key}**: ${why}`),
    '',
    'What differs computes what the original computes with the removed channels held at zero, by ONNX Runtime.',
    'Printed by `SECATEUR_ZOO=all npx vitest run tests/conformance/zoo-cases.test.ts`.',
    '',
    `| network | ${ids.join(' | ')} |`,
    `|---|${ids.map(() => '---|').join('')}`,
    ...zooModels().flatMap((name) => {
      const marks = rows.get(name);
      return marks ? [`| ${name} | ${ids.map((id) => marks.get(id) ?? '').join(' | ')} |`] : [];
    }),
    '',
  ].join('\n');
}
