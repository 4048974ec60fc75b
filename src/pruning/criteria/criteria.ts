// Every criterion, by name. One of the user's own is a `Criterion` too: `ownCriterion('mine', score)`.

import { ModelError } from '../../lib/errors.ts';
import { activation } from './activation.ts';
import { bnScale } from './bn-scale.ts';
import type { Criterion } from './criterion.ts';
import { fpgm } from './fpgm.ts';
import { hessian } from './hessian.ts';
import { lamp } from './lamp.ts';
import { l1, l2 } from './magnitude.ts';
import { random } from './random.ts';
import { taylor } from './taylor.ts';

/** Those that are named in options and recipes, the default first. */
export const criteria: readonly Criterion[] = [
  l2,
  l1,
  fpgm,
  lamp,
  bnScale,
  taylor,
  hessian,
  activation,
  random,
];

/** @throws ModelError `unknown-criterion` */
export function criterionOf(name: string): Criterion {
  const found = criteria.find((criterion) => criterion.name === name);
  if (found) return found;
  throw new ModelError({
    code: 'unknown-criterion',
    where: name,
    message: `There is no criterion called "${name}".`,
    hint: `Choose one of ${criteria.map((criterion) => criterion.name).join(', ')}.`,
  });
}

/**
 * A criterion of the user's own: one score per unit of a group, the lowest goes first.
 * @param needs `gradients` and `activations` are then to be given to every step; weights always are there
 * @example
 * const sparsest = ownCriterion('sparsest', ({ units, members }, { tensor }) => …);
 * new MetaPruner(graph, { criterion: sparsest });
 */
export const ownCriterion = (
  name: string,
  score: Criterion['score'],
  needs: Criterion['needs'] = ['weights'],
): Criterion => ({ name, title: name, needs, score });
