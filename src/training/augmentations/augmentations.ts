// All augmentations by name, as the page and the command line offer them.

import { ModelError } from '../../lib/errors.ts';
import type { Augmentation } from '../types.ts';
import { cutout } from './cutout.ts';
import { mixup } from './mixup.ts';
import { affine, crop, flip } from './warp.ts';

export interface AugmentationKind {
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** @param classes number of classes of the data; 0 where targets are values */
  make(classes: number): Augmentation;
}

export const augmentations: readonly AugmentationKind[] = [
  { name: 'crop', title: 'Random crop of the padded picture', make: () => crop() },
  { name: 'flip', title: 'Mirror left and right', make: () => flip() },
  { name: 'affine', title: 'Turn, shear, scale a little', make: () => affine() },
  { name: 'cutout', title: 'Cover a square', make: () => cutout() },
  { name: 'mixup', title: 'Blend pairs of examples', make: (classes) => mixup({ classes }) },
];

/** The augmentations of these names, in this order. @throws ModelError `unknown-augmentation` */
export const augmentationsOf = (names: readonly string[], classes: number): Augmentation[] =>
  names.map((name) => {
    const kind = augmentations.find((candidate) => candidate.name === name);
    if (kind) return kind.make(classes);
    throw new ModelError({
      code: 'unknown-augmentation',
      where: name,
      message: `There is no augmentation "${name}".`,
      hint: `Choose among ${augmentations.map((candidate) => candidate.name).join(', ')}.`,
    });
  });
