import { openModel } from '../formats/formats.ts';
import type { Graph } from '../graph/types.ts';
import { criterionOf } from '../pruning/criteria/criteria.ts';
import { command } from './command.ts';
import { dataFlags, giveData } from './data.ts';
import { writeBytes } from './files.ts';
import { type Figures, figuresOf, openEngine } from './opened.ts';
import { outputFlag, outputPath } from './output.ts';
import { count, table } from './print.ts';
import { pruneStep, type StepResult } from './pruning-step.ts';
import { stepFlags, stepOptions } from './step-options.ts';

interface Pruned {
  readonly pruned: boolean;
  readonly steps: readonly StepResult[];
  readonly before: Figures;
  readonly after: Figures;
  /** Of every constant in the written file. */
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
    'always-write': { help: 'write the model even if nothing was pruned' },
    'save-recipe': { value: 'FILE', help: 'also write what was done, as JSON' },
  },
  run: async (args, console) => {
    const output = outputPath(args);
    const options = stepOptions(args);
    const opened = await openEngine(args.operands[0]);
    const { engine, state } = opened;
    const before = figuresOf(state());
    if (args.given('data') || criterionOf(options.criterion).needs.some((need) => need !== 'weights'))
      await giveData(engine, args);
    const steps: StepResult[] = [];
    for (let step = 0; step < options.steps; step++) steps.push(await pruneStep(opened, options, console));
    const pruned = steps.some((step) => step.pruned);
    const { bytes, name } = await engine.exportModel();
    if (pruned || args.given('always-write')) await writeBytes(output, bytes);
    const recipe = args.text('save-recipe');
    if (recipe) await writeBytes(recipe, (await engine.exportRecipe()).bytes);
    const { graph } = openModel(bytes, name);
    return { pruned, steps, before, after: figuresOf(state()), shapes: shapesOf(graph) };
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

const shapesOf = ({ tensors }: Graph): Pruned['shapes'] =>
  Object.fromEntries([...tensors.values()].map(({ name, dims }) => [name, dims]));
