// How good a model is on examples that it never trained on.

import type { Evaluated } from '../workbench/engine.ts';
import { command } from './command.ts';
import { backendOf, computeFlags, threadsOf } from './computing.ts';
import { dataFlags, giveData } from './data.ts';
import { openEngine } from './opened.ts';
import { percent } from './print.ts';

export const evaluateCommand = command({
  name: 'evaluate',
  operands: 'MODEL',
  summary: 'Loss and accuracy on the test part of a data set.',
  options: {
    ...dataFlags,
    ...computeFlags,
  },
  run: async (args): Promise<Evaluated> => {
    const { engine } = await openEngine(args.operands[0], threadsOf(args));
    await giveData(engine, args);
    return engine.evaluate(backendOf(args));
  },
  print: ({ loss, accuracy, examples }: Evaluated) =>
    `loss ${loss.toFixed(4)}${accuracy === undefined ? '' : `, accuracy ${percent(accuracy)}`} on ${examples} examples`,
});
