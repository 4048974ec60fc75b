// Doing again what a recipe says: the same cuts in the same file give equal bytes.

import { analyse } from '../analysis/analyse.ts';
import { writeModel } from '../formats/formats.ts';
import type { Graph } from '../graph/types.ts';
import { parseRecipe, replayStep } from '../workbench/steps/recipe.ts';
import type { Console } from './command.ts';
import { readBytes, readModel } from './files.ts';
import type { Figures } from './opened.ts';
import { count } from './print.ts';
import type { StepResult } from './pruning-step.ts';

export interface Replayed {
  readonly steps: readonly StepResult[];
  readonly before: Figures;
  readonly after: Figures;
  readonly bytes: Uint8Array;
}

/** @throws ModelError `bad-recipe`, or `history-mismatch` when the model has other groups */
export async function replay(path: string, recipePath: string, { progress }: Console): Promise<Replayed> {
  const recipe = parseRecipe(new TextDecoder().decode(await readBytes(recipePath)), recipePath);
  const { model } = await readModel(path);
  const before = figuresOf(model.graph);
  let { graph } = model;
  const steps: StepResult[] = [];
  for (const [i, step] of recipe.steps.entries()) {
    graph = replayStep(graph, step, i + 1);
    const figures = figuresOf(graph);
    steps.push({ step: i + 1, pruned: step.pruned, reasons: [], ...figures });
    progress(`step ${i + 1}: ${count(figures.params)} parameters, ${count(figures.macs)} MACs are left`);
  }
  const bytes = writeModel({ ...model, graph });
  return { steps, before, after: figuresOf(graph), bytes };
}

function figuresOf(graph: Graph): Figures {
  const { params, macs } = analyse(graph);
  return { params, macs };
}
