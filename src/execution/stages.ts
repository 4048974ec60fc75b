// A network whose sizes depend on its data runs in stages: what a size is computed from runs first and is read back. What
// later stages read of it is handed on, so that nothing is computed a second time because a size was not known.

import type * as Tf from '@tensorflow/tfjs';
import type { Graph } from '../graph/types.ts';
import type { HostTensor } from '../ops/op.ts';
import { type Names, neededNodes } from './plan.ts';

/** What the stages so far have made. */
export class Stages implements Names {
  /** Values read back, on which sizes depend. */
  readonly known = new Map<string, HostTensor>();
  /** Values that later stages read, in the order of the file; owned here. */
  readonly held = new Map<string, Tf.Tensor>();

  get isFirst(): boolean {
    return this.known.size === 0;
  }

  has(name: string): boolean {
    return this.known.has(name) || this.held.has(name);
  }

  /** Takes over a tensor. */
  hold(name: string, tensor: Tf.Tensor): void {
    this.held.get(name)?.dispose();
    this.held.set(name, tensor);
  }

  dispose(): void {
    for (const tensor of this.held.values()) tensor.dispose();
    this.held.clear();
  }
}

/** Values made on the way to `stage` that the nodes read which `wanted` needs besides. */
export function handedOn(
  graph: Graph,
  stage: readonly string[],
  wanted: readonly string[],
  present: Names,
): string[] {
  const now = new Set(neededNodes(graph, stage, present));
  const later = neededNodes(graph, wanted, present).filter((node) => !now.has(node));
  const read = new Set([...later.flatMap(({ inputs }) => inputs), ...wanted]);
  return [...now].flatMap(({ outputs }) => outputs).filter((name) => read.has(name) && !present.has(name));
}
