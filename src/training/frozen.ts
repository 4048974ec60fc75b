// Which weights a pass leaves as they are. Layers are named as in pruning.

import { wiringOf } from '../graph/query.ts';
import type { Graph } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import { means } from '../pruning/planning/layers.ts';

/**
 * Constants that people name: by their own name, by that of a node that reads them, by everything under such a name,
 * by a pattern with `*`, or by operator type. Freezing a normalisation freezes its running statistics too.
 * @throws ModelError `unknown-layer` for a name that fits nothing
 */
export function frozenConstants(graph: Graph, written: readonly string[]): Set<string> {
  const { consumers } = wiringOf(graph);
  const constants = [...graph.tensors.keys()];
  return new Set(
    written.flatMap((one) => {
      const named = constants.filter(
        (constant) =>
          means(one, constant) || consumers(constant).some(({ name, op }) => op === one || means(one, name)),
      );
      if (named.length === 0) throw unknown(one);
      return named;
    }),
  );
}

const unknown = (written: string): ModelError =>
  new ModelError({
    code: 'unknown-layer',
    where: written,
    message: `There is no layer "${written}" to freeze.`,
    hint: 'Name a tensor or node of the file, a pattern with *, or an operator type such as BatchNormalization.',
  });
