// Cutting without training: one step or several, or what a recipe says.

import { openModel } from '../formats/formats.ts';
import { criterionOf } from '../pruning/criteria/criteria.ts';
import { type Arguments, type Console, command } from './command.ts';
import { threadsOf } from './computing.ts';
import { dataFlags, giveData } from './data.ts';
import { assertPlaceFor, writeBytes } from './files.ts';
import { type Figures, figuresOf, openEngine } from './opened.ts';
import { outputFlag, outputPath } from './output.ts';
import { count, table } from './print.ts';
import { pruneStep, type StepResult } from './pruning-step.ts';
import { repairFlags, repairOptions } from './repair.ts';
import { type Replayed, replay } from './replay.ts';
import { stepFlags, stepOptions } from './step-options.ts';

interface Pruned {
  readonly pruned: boolean;
  readonly steps: readonly StepResult[];
  readonly before: Figures;
  readonly after: Figures;
  /** Of every constant in the smaller model. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

export const pruneCommand = command({
  name: 'prune',
  operands: 'MODEL',
  summary: 'Remove the channels that matter least, in one step or several, without training.',
  options: {
    ...outputFlag,
    ...stepFlags,
    ...dataFlags,
    ...repairFlags,
    'always-write': { help: 'write the model even if nothing was pruned' },
    'save-recipe': { value: 'FILE', help: 'also write what was done, as JSON' },
    recipe: { value: 'FILE', help: 'do what a recipe says; options on how to prune do not count then' },
  },
  run: async (args, console): Promise<Pruned> => {
    const output = await outputPath(args);
    const [path] = args.operands;
    const recipe = args.text('recipe');
    const { bytes, ...done } = recipe
      ? await replay(path, recipe, console)
      : await prune(path, args, console);
    const pruned = done.steps.some((step) => step.pruned);
    if (pruned || args.given('always-write')) await writeBytes(output, bytes);
    return { pruned, ...done, shapes: shapesIn(bytes, output) };
  },
  print: ({ pruned, steps, before, after }: Pruned) =>
    [
      table(
        ['step', 'pruned', 'parameters', 'MACs', ''],
        steps.map(({ step, pruned: flag, params, macs, reasons }) => [
          String(step),
          flag ? 'yes' : 'no',
          count(params),
          count(macs),
          flag ? '' : (reasons[0]?.message ?? ''),
        ]),
      ),
      '',
      pruned
        ? `${count(before.params)} → ${count(after.params)} parameters, ${count(before.macs)} → ${count(after.macs)} MACs`
        : 'Nothing was pruned.',
    ].join('\n'),
});

async function prune(path: string, args: Arguments, console: Console): Promise<Replayed> {
  const options = stepOptions(args);
  const repairs = repairOptions(args);
  const recipe = args.text('save-recipe');
  if (recipe) await assertPlaceFor(recipe);
  const opened = await openEngine(path, threadsOf(args));
  const { engine, state } = opened;
  const before = figuresOf(state());
  const needsData = criterionOf(options.criterion).needs.some((need) => need !== 'weights');
  if (args.given('data') || needsData || repairs.length > 0) await giveData(engine, args);
  const steps: StepResult[] = [];
  for (let step = 0; step < options.steps; step++)
    steps.push(await pruneStep(opened, options, repairs, console));
  if (recipe) await writeBytes(recipe, (await engine.exportRecipe()).bytes);
  const { bytes } = await engine.exportModel();
  return { steps, before, after: figuresOf(state()), bytes };
}

const shapesIn = (bytes: Uint8Array, name: string): Pruned['shapes'] =>
  Object.fromEntries(
    [...openModel(bytes, name).graph.tensors.values()].map(({ name: n, dims }) => [n, dims]),
  );
