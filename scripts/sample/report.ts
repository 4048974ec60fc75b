// A training pass on the terminal: a line per epoch.

import type { Network } from '../../src/execution/types.ts';
import { train } from '../../src/training/loop.ts';
import type { PartialTraining } from '../../src/training/options.ts';
import type { Dataset, TrainingResult } from '../../src/training/types.ts';

export async function report(
  network: Network,
  data: Dataset,
  options: PartialTraining,
): Promise<TrainingResult> {
  const pass = train(network, data, options);
  for (;;) {
    const { done, value } = await pass.next();
    if (done) {
      console.log(value.message);
      return value;
    }
    if (value.kind !== 'epoch') continue;
    const { epoch, epochs, loss, accuracy, validation } = value;
    const held = validation?.accuracy === undefined ? '' : `, held out ${percent(validation.accuracy)}`;
    const seen = accuracy === undefined ? '' : `, accuracy ${percent(accuracy)}`;
    console.log(`epoch ${epoch + 1} of ${epochs}: loss ${loss.toFixed(4)}${seen}${held}`);
  }
}

export const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
