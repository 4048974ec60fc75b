// Training a model as it is, whether or not anything was cut.

import { command } from './command.ts';
import { threadsOf } from './computing.ts';
import { dataFlags, giveData } from './data.ts';
import { openEngine, writeModel } from './opened.ts';
import { outputFlag, outputPath } from './output.ts';
import { percent } from './print.ts';
import { trainFlags, trainOptions } from './train-options.ts';
import { trainOnce } from './training.ts';

interface Trained {
  readonly trained: boolean;
  readonly outcome: string;
  readonly epochs: number;
  readonly message: string;
  readonly before: { readonly accuracy?: number };
  readonly after: { readonly accuracy?: number };
}

export const trainCommand = command({
  name: 'train',
  operands: 'MODEL',
  summary: 'Train a model as it is.',
  options: { ...outputFlag, ...dataFlags, ...trainFlags },
  run: async (args, console): Promise<Trained> => {
    const output = await outputPath(args);
    const options = trainOptions(args);
    const opened = await openEngine(args.operands[0], threadsOf(args));
    await giveData(opened.engine, args);
    const entry = await trainOnce(opened, { ...options, unpruned: true }, console);
    await writeModel(output, opened.engine);
    if (console.interruption().aborted)
      console.progress(`interrupted; what was learned so far is in ${output}`);
    const { message } = entry;
    if (entry.kind === 'training-skipped')
      return { trained: false, outcome: 'skipped', epochs: 0, message, before: {}, after: {} };
    const { outcome, epochs, accuracyBefore, accuracyAfter } = entry;
    return {
      trained: true,
      outcome,
      epochs,
      message,
      before: accuracyBefore === undefined ? {} : { accuracy: accuracyBefore },
      after: accuracyAfter === undefined ? {} : { accuracy: accuracyAfter },
    };
  },
  print: ({ message, before, after }: Trained) =>
    before.accuracy === undefined || after.accuracy === undefined
      ? message
      : `${message}\nOn the test part: ${percent(before.accuracy)} → ${percent(after.accuracy)}`,
});
