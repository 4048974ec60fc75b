// Reference networks for benches: the files in memory, and the times that Torch-Pruning takes for the same work on the
// same kind of machine (one thread, 224 px).

import { materialise, zooModels } from '../../tests/shared.ts';

export interface ReferenceTimes {
  /** Building its dependency graph and finding all groups, in ms. */
  readonly groups: number;
  /** One global L2 step, in ms. */
  readonly step: number;
}

export const reference: Readonly<Record<string, ReferenceTimes>> = {
  mobilenet_v2: { groups: 30, step: 32 },
  resnet50: { groups: 94, step: 89 },
  vit_b_16: { groups: 424, step: 229 },
  densenet121: { groups: 535, step: 1213 },
};

/** Names of the real (not toy) reference networks, those with reference times first. */
export function benchModels(): string[] {
  const real = zooModels().filter((name) => !name.startsWith('toy_'));
  return [...real].sort((a, b) => Number(b in reference) - Number(a in reference) || (a < b ? -1 : 1));
}

export { materialise };
