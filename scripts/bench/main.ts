// `npm run bench`: speed as ratios measured in one run. Name parts to run only those: `npm run bench -- analysis`.

import { ModelError } from '../../src/lib/errors.ts';
import { sharedFolder, skipReason } from '../../tests/shared.ts';

/** Each in a module of its own, loaded when asked for. */
const parts: Readonly<Record<string, { needsShared: boolean; run: () => Promise<void> }>> = {
  analysis: { needsShared: true, run: async () => (await import('./analysis.ts')).benchAnalysis() },
  pruning: { needsShared: true, run: async () => (await import('./pruning.ts')).benchPruning() },
  training: { needsShared: false, run: async () => (await import('./training.ts')).benchTraining() },
  graphics: { needsShared: false, run: async () => (await import('./graphics.ts')).benchGraphics() },
  shares: { needsShared: false, run: async () => (await import('./shares.ts')).benchShares() },
};

const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : Object.keys(parts)) {
  const part = parts[name];
  if (!part)
    throw new ModelError({
      code: 'usage',
      where: name,
      message: `There is no bench "${name}"; there are ${Object.keys(parts).join(', ')}.`,
    });
  if (part.needsShared && !sharedFolder()) console.log(`\n${name}: left out, ${skipReason}`);
  else await part.run();
}
