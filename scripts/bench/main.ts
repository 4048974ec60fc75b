// `npm run bench`: speed as ratios measured in one run. Name parts to run only those, and after a part what of it:
// `npm run bench -- analysis`, `npm run bench -- memory wasm`.

import { ModelError } from '../../src/lib/errors.ts';
import { sharedFolder, skipReason } from '../../tests/shared.ts';

interface Part {
  readonly needsShared?: boolean;
  /** Takes half an hour: run where it is named. */
  readonly long?: boolean;
  /** Backends that can be asked for; all of them where none is. */
  readonly backends?: readonly string[];
  /** Loaded when asked for. */
  readonly run: (backends: readonly string[]) => Promise<void>;
}

const parts: Readonly<Record<string, Part>> = {
  analysis: { needsShared: true, run: async () => (await import('./analysis.ts')).benchAnalysis() },
  pruning: { needsShared: true, run: async () => (await import('./pruning.ts')).benchPruning() },
  training: { run: async () => (await import('./training.ts')).benchTraining() },
  graphics: {
    backends: ['webgpu', 'webgl'],
    run: async (backends) => (await import('./graphics.ts')).benchGraphics(backends),
  },
  memory: {
    long: true,
    backends: ['wasm', 'cpu', 'webgpu', 'webgl'],
    run: async (backends) => (await import('./memory.ts')).benchMemory(backends),
  },
  calm: { run: async () => (await import('./calm.ts')).benchCalm() },
  shares: { run: async () => (await import('./shares.ts')).benchShares() },
};

const asked = new Map<string, string[]>();
for (const word of process.argv.slice(2)) {
  const [name, backends] = [...asked].at(-1) ?? [''];
  if (parts[word]) asked.set(word, []);
  else if (parts[name]?.backends?.includes(word)) backends?.push(word);
  else
    throw new ModelError({
      code: 'usage',
      where: word,
      message: `There is no bench "${word}"; there are ${Object.keys(parts).join(', ')}.`,
    });
}
if (asked.size === 0) for (const name of Object.keys(parts)) if (!parts[name].long) asked.set(name, []);

for (const [name, backends] of asked) {
  const part = parts[name];
  if (part.needsShared && !sharedFolder()) console.log(`\n${name}: left out, ${skipReason}`);
  else await part.run(backends.length > 0 ? backends : (part.backends ?? []));
}
