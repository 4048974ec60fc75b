// What was done to a model, as data that can be done again: options, decisions and removed channels of every step.
// Training is not part of it: replaying gives the cuts, and the same bytes wherever the weights are the same.

import type { Graph } from '../../graph/types.ts';
import { ModelError } from '../../lib/errors.ts';
import { type HistoryEntry, replay } from '../../pruning/history.ts';
import type { Cost } from '../../pruning/resizing.ts';
import type { Decision, StepOptions } from '../engine.ts';

const RECIPE_VERSION = 1;

export interface RecipeStep {
  readonly options: StepOptions;
  readonly pruned: boolean;
  readonly decisions: readonly { readonly candidate: string; readonly decision: Decision }[];
  readonly cuts: HistoryEntry['cuts'];
}

export interface Recipe {
  readonly recipe: typeof RECIPE_VERSION;
  /** The model it was made with, for a person; it applies to any model with the same groups. */
  readonly model: { readonly fileName: string; readonly params: number; readonly macs: number };
  readonly steps: readonly RecipeStep[];
}

/** @throws ModelError `bad-recipe` when the text is no recipe of this version */
export function parseRecipe(text: string, where: string): Recipe {
  const parsed = parsedJson(text);
  if (isRecipe(parsed)) return parsed;
  throw new ModelError({
    code: 'bad-recipe',
    where,
    message: `"${where}" is no recipe of this version of the program.`,
    hint: 'Export the recipe again.',
  });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Looks at what replaying needs; the rest is notes for a person. */
function isRecipe(value: unknown): value is Recipe {
  const { recipe, steps } = (value ?? {}) as Partial<Recipe>;
  return recipe === RECIPE_VERSION && Array.isArray(steps) && steps.every(isStep);
}

function isStep(value: unknown): value is RecipeStep {
  const { pruned, cuts } = (value ?? {}) as Partial<RecipeStep>;
  return typeof pruned === 'boolean' && Array.isArray(cuts) && cuts.every(isCut);
}

function isCut(value: unknown): value is HistoryEntry['cuts'][number] {
  const { group, units } = (value ?? {}) as Partial<HistoryEntry['cuts'][number]>;
  return typeof group === 'string' && Array.isArray(units) && units.every((unit) => typeof unit === 'number');
}

/** The graph with the cuts of a step made. @throws ModelError `history-mismatch` when it has other groups */
export const replayStep = (graph: Graph, { pruned, cuts }: RecipeStep, step: number): Graph =>
  pruned ? replay(graph, [{ step, cuts }]) : graph;

export const recipeOf = (fileName: string, cost: Cost, steps: readonly RecipeStep[]): Recipe => ({
  recipe: RECIPE_VERSION,
  model: { fileName, params: cost.params, macs: cost.macs },
  steps,
});
