// Random scores: the baseline that any criterion has to beat.

import { Random } from '../../lib/random.ts';
import type { Criterion } from './criterion.ts';

/** Uniform in [0, 1), seeded by the option and the group's name: independent of the order in which groups come. */
export const random: Criterion = {
  name: 'random',
  title: 'Random',
  needs: [],
  defaults: { normalizer: 'none' },
  score: ({ name, units }, _evidence, { seed }) => {
    const source = new Random((seed ^ fingerprint(name)) >>> 0);
    return Float64Array.from({ length: units }, () => source.uniform());
  },
};

/** FNV-1a over the characters of a name. */
function fingerprint(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
