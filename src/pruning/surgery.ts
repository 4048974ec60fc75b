// Cutting units out of a network: every constant keeps the surviving positions of its axes, every node rewrites the
// sizes it stores as data, and the result is checked: a legal graph, whose shapes, inferred anew, are the predicted
// ones. The graph that went in is left as it was.

import { inferTypes } from '../analysis/fold.ts';
import type { Analysis, Removal } from '../analysis/types.ts';
import { withNodes, withTensors, withValues } from '../graph/edit.ts';
import { checkGraph } from '../graph/spec.ts';
import { isFloat } from '../graph/tensor.ts';
import type { Graph, GraphNode, Tensor, ValueInfo } from '../graph/types.ts';
import { ModelError, type Problem } from '../lib/errors.ts';
import { gatherAxes, type Kept } from './gather.ts';
import { rewriteNumbers } from './numbers.ts';
import { type Resizing, resize, withAttributes } from './resizing.ts';
import { keepScales } from './scales.ts';

export interface Surgery {
  readonly graph: Graph;
  /** Surviving positions of every axis that lost some, of constants and values, by name. */
  readonly kept: ReadonlyMap<string, Kept>;
  /** Sizes that had to be written down for the present input sizes although the file computed them. */
  readonly problems: readonly Problem[];
}

/**
 * Removes units. Removing none returns the same graph.
 * @throws ModelError `surgery-mismatch` when the result is not what analysis predicted: nothing was changed then
 */
export function cut(
  analysis: Analysis,
  removal: Removal,
  resizing: Resizing = resize(analysis, removal),
): Surgery {
  const { kept } = resizing;
  if (kept.size === 0) return { graph: analysis.graph, kept, problems: [] };
  const narrowed = withNodes(
    withValues(withTensors(analysis.graph, shrunk(analysis.graph, kept)), redeclared(analysis.graph, kept)),
    renewed(analysis.graph, resizing),
  );
  const { graph: rewritten, problems } = rewriteNumbers(narrowed, resizing.numbers, analysis);
  const graph = keepScales(rewritten, analysis, removal, kept);
  verify(analysis, kept, graph);
  return { graph, kept, problems };
}

function* shrunk(graph: Graph, kept: ReadonlyMap<string, Kept>): Iterable<Tensor> {
  for (const [name, axes] of kept) {
    const tensor = graph.tensors.get(name);
    if (tensor) yield gatherAxes(tensor, axes);
  }
}

/** Declared sizes follow; symbols stay. */
function* redeclared(graph: Graph, kept: ReadonlyMap<string, Kept>): Iterable<ValueInfo> {
  for (const [name, axes] of kept) {
    const info = graph.values.get(name);
    if (!info?.dims) continue;
    const dims = info.dims.map((dim, axis) => (typeof dim === 'number' ? (axes[axis]?.length ?? dim) : dim));
    yield { ...info, dims };
  }
}

const renewed = (graph: Graph, { attributes }: Resizing): Map<number, GraphNode> =>
  new Map(
    graph.nodes.flatMap((node) => {
      const changed = attributes.get(node.id);
      return changed ? [[node.id, withAttributes(node, changed)] as const] : [];
    }),
  );

function verify(analysis: Analysis, kept: ReadonlyMap<string, Kept>, graph: Graph): void {
  const [illegal] = checkGraph(graph);
  if (illegal) throw mismatch(illegal.where, illegal.message);
  const { types, problems } = inferTypes(graph, analysis.bindings);
  const [fresh] = problems.filter(({ code }) => code !== 'unknown-operator').slice(analysis.problems.length);
  for (const [name, { dtype, dims }] of analysis.types) {
    // Lists of positions and sizes are written anew: an index list shortens with what it picks.
    if (!isFloat(dtype) && (analysis.known.has(name) || analysis.graph.tensors.has(name))) continue;
    const expected = dims.map((length, axis) => kept.get(name)?.[axis]?.length ?? length);
    const found = types.get(name)?.dims;
    if (!found || found.length !== expected.length || found.some((length, axis) => length !== expected[axis]))
      throw mismatch(
        name,
        `After the cut "${name}" is [${found ?? 'unknown'}] where [${expected}] was expected. ${fresh?.message ?? ''}`,
      );
  }
}

const mismatch = (where: string, message: string): ModelError =>
  new ModelError({
    code: 'surgery-mismatch',
    where,
    message: message.trim(),
    hint: 'The model was left as it was. Please report this network.',
  });
