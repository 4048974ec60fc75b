// Which intermediate values of a pruned network can be compared with the original's: a cut changes how many channels a
// map has, never how large it is.

import { inferTypes } from '../../analysis/fold.ts';
import type { Graph } from '../../graph/types.ts';

/**
 * The last map of every size that both networks compute, in graph order: what each stage hands on. For
 * `Distillation.features`.
 */
export function comparableMaps(student: Graph, teacher: Graph): string[] {
  const [own, others] = [inferTypes(student).types, inferTypes(teacher).types];
  const sizeOf = (dims: readonly number[] | undefined): string | undefined =>
    dims && dims.length > 2 && dims.slice(2).some((n) => n > 1) ? dims.slice(2).join('x') : undefined;
  const lastOfSize = new Map<string, string>();
  for (const { outputs } of student.nodes)
    for (const name of outputs) {
      const size = sizeOf(own.get(name)?.dims);
      if (!size || sizeOf(others.get(name)?.dims) !== size) continue;
      lastOfSize.delete(size);
      lastOfSize.set(size, name);
    }
  return [...lastOfSize.values()];
}
