// How the learning rate goes over a pass: a linear rise while the optimiser finds its feet, then the schedule asked for.

import type { ScheduleOptions } from './types.ts';

/** A factor of the learning rate at `progress`, 0 at the start of the pass and 1 at its end. */
type Curve = (progress: number) => number;

/** From `from` to `to` along half a cosine (Loshchilov and Hutter, arXiv 1608.03983, eq. 5). */
const cosine = (from: number, to: number, progress: number): number =>
  to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2;

function curveOf(options: ScheduleOptions): Curve {
  switch (options.name) {
    case 'constant':
      return () => 1;
    case 'cosine': {
      const { floor = 0 } = options;
      return (progress) => cosine(1, floor, progress);
    }
    case 'step': {
      const { milestones, factor } = options;
      return (progress) => factor ** milestones.filter((milestone) => progress >= milestone).length;
    }
    case 'one-cycle': {
      // Smith and Topin, arXiv 1708.07120, with the cosine shape and the defaults that PyTorch made common.
      const { rise = 0.3, start = 25, end = 1e4 } = options;
      return (progress) =>
        progress < rise
          ? cosine(1 / start, 1, progress / rise)
          : cosine(1, 1 / (start * end), (progress - rise) / (1 - rise));
    }
  }
}

/**
 * The learning rate, as a factor, of batch `batch` (from 0) of `batches` in the whole pass. Over the first `warmUp`
 * batches it rises linearly to where the schedule starts.
 */
export function rateFactor(options: ScheduleOptions, batch: number, batches: number, warmUp: number): number {
  const curve = curveOf(options);
  if (batch < warmUp) return (curve(0) * (batch + 1)) / (Math.floor(warmUp) + 1);
  return curve((batch - warmUp) / Math.max(1, batches - warmUp));
}
