// How the numbers of one example lie in a file, and what they mean.

import { elementCount } from '../../graph/tensor.ts';
import type { Problem } from '../../lib/errors.ts';
import { refuse } from './files/refuse.ts';

export interface RowLayout {
  /** As stored. */
  readonly dims: readonly number[];
  /** Stored as [height, width, channels]. */
  readonly channelsLast: boolean;
}

const isChannels = (size: number): boolean => size === 1 || size === 3 || size === 4;

/**
 * The layout of an example that a file stores as `stored`: two dimensions are a grey picture; of three, a first or
 * last one of 1, 3 or 4 counts channels. `wanted` overrides the guess.
 * @throws ModelError where `wanted` has another number of values
 */
export function pictureLayout(
  stored: readonly number[],
  wanted: readonly number[] | undefined,
  fileName: string,
): RowLayout {
  if (wanted && elementCount(wanted) !== elementCount(stored))
    throw refuse(
      fileName,
      `holds examples of ${elementCount(stored)} values, which cannot be ${wanted.join('×')}.`,
      'Give the shape that the examples have.',
    );
  if (wanted) return { dims: wanted, channelsLast: false };
  if (stored.length === 2) return { dims: [1, ...stored], channelsLast: false };
  const channelsLast = stored.length === 3 && isChannels(stored[2]) && !isChannels(stored[0]);
  return { dims: stored, channelsLast };
}

/** The side of a square grey picture of so many values, from 8 pixels on. */
export function squareSide(values: number): number | undefined {
  const side = Math.sqrt(values);
  return Number.isInteger(side) && side >= 8 ? side : undefined;
}

export const unlabelled = (fileName: string): Problem => ({
  code: 'no-labels',
  where: fileName,
  message: `"${fileName}" comes without labels: it serves recovery without labels, not training or accuracy.`,
  hint: 'Open it together with its labels.',
});
