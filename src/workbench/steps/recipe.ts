// What was done to a model, as data that can be done again: options, decisions and removed channels of every step.
// Training is not part of it: replaying gives the cuts, and the same bytes wherever the weights are the same.

import type { Graph } from '../../graph/types.ts';
import { ModelError } from '../../lib/errors.ts';
import { type HistoryEntry, replay } from '../../pruning/history.ts';
import type { Cost } from '../../pruning/resizing.ts';
import type { Decision, StepOptions } from '../engine.ts';

export const RECIPE_VERSION = 1;

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
  try {
    const parsed = JSON.parse(text) as Recipe;
    if (parsed.recipe === RECIPE_VERSION && Array.isArray(parsed.steps)) return parsed;
  } catch {
    // Falls through to the one sentence a person can use.
  }
  throw new ModelError({
    code: 'bad-recipe',
    where,
    message: `"${where}" is no recipe of this version of the program.`,
    hint: 'Export the recipe again.',
  });
}

/** The graph with the cuts of a step made. @throws ModelError `history-mismatch` when it has other groups */
export const replayStep = (graph: Graph, { pruned, cuts }: RecipeStep, step: number): Graph =>
  pruned ? replay(graph, [{ step, cuts }]) : graph;

/** The graph with every cut of the recipe made. @throws ModelError `history-mismatch` */
export const replayRecipe = (graph: Graph, { steps }: Recipe): Graph =>
  steps.reduce((present, step, index) => replayStep(present, step, index + 1), graph);

export const recipeOf = (fileName: string, cost: Cost, steps: readonly RecipeStep[]): Recipe => ({
  recipe: RECIPE_VERSION,
  model: { fileName, params: cost.params, macs: cost.macs },
  steps,
});
