// `npm run bench`: speed as ratios measured in one run. Name parts to run only those: `npm run bench -- analysis`.

import { ModelError } from '../../src/lib/errors.ts';
import { sharedFolder, skipReason } from '../../tests/shared.ts';

interface Part {
  readonly needsShared: boolean;
  /** Takes half an hour: run where it is named. */
  readonly long?: boolean;
  readonly run: () => Promise<void>;
}

/** Each in a module of its own, loaded when asked for. */
const parts: Readonly<Record<string, Part>> = {
  analysis: { needsShared: true, run: async () => (await import('./analysis.ts')).benchAnalysis() },
  pruning: { needsShared: true, run: async () => (await import('./pruning.ts')).benchPruning() },
  training: { needsShared: false, run: async () => (await import('./training.ts')).benchTraining() },
  graphics: { needsShared: false, run: async () => (await import('./graphics.ts')).benchGraphics() },
  memory: { needsShared: false, long: true, run: async () => (await import('./memory.ts')).benchMemory() },
  shares: { needsShared: false, run: async () => (await import('./shares.ts')).benchShares() },
};

const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : Object.keys(parts).filter((part) => !parts[part].long)) {
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
