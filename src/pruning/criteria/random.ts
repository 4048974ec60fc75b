// Random scores: the baseline that any criterion has to beat.

import { fingerprint } from '../../lib/fingerprint.ts';
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
