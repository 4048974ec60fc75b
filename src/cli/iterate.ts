// The loop the product exists for: prune, then train if and only if something was pruned, step by step.

import { command } from './command.ts';
import { threadsOf } from './computing.ts';
import { dataFlags, giveData } from './data.ts';
import { type Figures, figuresOf, openEngine, writeModel } from './opened.ts';
import { outputFlag, outputPath } from './output.ts';
import { count, percent, table } from './print.ts';
import { pruneStep, type StepResult } from './pruning-step.ts';
import { repairFlags, repairOptions } from './repair.ts';
import { stepFlags, stepOptions } from './step-options.ts';
import { trainFlags, trainOptions } from './train-options.ts';
import { trainOnce } from './training.ts';

interface Measured extends Figures {
  readonly accuracy?: number;
}

interface IteratedStep extends StepResult, Measured {
  readonly trained: boolean;
}

interface Iterated {
  readonly before: Measured;
  readonly steps: readonly IteratedStep[];
  readonly after: Measured;
}

export const iterateCommand = command({
  name: 'iterate',
  operands: 'MODEL',
  summary: 'Prune and train in turns; a step that removes nothing is not trained after.',
  options: {
    ...outputFlag,
    ...dataFlags,
    ...stepFlags,
    ...repairFlags,
    ...trainFlags,
    'always-write': { help: 'write the model even if nothing was pruned' },
  },
  run: async (args, console): Promise<Iterated> => {
    const output = await outputPath(args);
    const options = stepOptions(args);
    const repairs = repairOptions(args);
    const training = trainOptions(args);
    const opened = await openEngine(args.operands[0], threadsOf(args));
    const { engine, state } = opened;
    await giveData(engine, args);
    let { accuracy } = await engine.evaluate(training.backend);
    const measured = (): Measured => ({
      ...figuresOf(state()),
      ...(accuracy === undefined ? {} : { accuracy }),
    });
    const before = measured();
    console.progress(`before: ${line(before)}`);
    const steps: IteratedStep[] = [];
    const interrupt = console.interruption();
    for (let step = 0; step < options.steps && !interrupt.aborted; step++) {
      const result = await pruneStep(opened, options, repairs, console);
      const entry = await trainOnce(opened, training, console);
      if (entry.kind === 'training') accuracy = entry.accuracyAfter;
      steps.push({ ...result, trained: entry.kind === 'training', ...measured() });
      console.progress(`after step ${result.step}: ${line(measured())}`);
    }
    const write = steps.some(({ pruned }) => pruned) || args.given('always-write');
    if (write) await writeModel(output, engine);
    if (interrupt.aborted)
      console.progress(
        `interrupted after ${steps.length} of ${options.steps} steps; ${write ? `what there is, is in ${output}` : 'nothing was pruned, nothing is written'}`,
      );
    return { before, steps, after: measured() };
  },
  print: ({ before, steps, after }: Iterated) =>
    [
      table(
        ['step', 'pruned', 'trained', 'parameters', 'MACs', 'accuracy', ''],
        steps.map(({ step, pruned, trained, params, macs, accuracy, reasons }) => [
          String(step),
          pruned ? 'yes' : 'no',
          trained ? 'yes' : 'no',
          count(params),
          count(macs),
          accuracy === undefined ? '' : percent(accuracy),
          pruned ? '' : (reasons[0]?.message ?? ''),
        ]),
      ),
      '',
      `${line(before)}  →  ${line(after)}`,
    ].join('\n'),
});

const line = ({ params, macs, accuracy }: Measured): string =>
  `${count(params)} parameters, ${count(macs)} MACs${accuracy === undefined ? '' : `, ${percent(accuracy)}`}`;
