// What can run. A network is refused by the names of its operators before anything is computed.

import { type Inference, inferTypes } from '../analysis/fold.ts';
import { straighten } from '../analysis/straighten.ts';
import type { Graph, GraphNode } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import { control } from '../ops/control.ts';
import { operatorOf } from '../ops/table.ts';
import { neededNodes } from './plan.ts';

/** Codes of problems that no input can cure. */
const refusals = new Set(['unknown-operator', 'control-flow', 'unsupported']);

/** Names of the operators that keep the graph from running (`domain.Name` outside the standard domain), each once. */
export function unsupported(given: Graph): string[] {
  const graph = straighten(given);
  return unsupportedIn(graph, inferTypes(graph));
}

function unsupportedIn(graph: Graph, inference: Inference): string[] {
  const refused = new Set(
    inference.problems.filter(({ code }) => refusals.has(code)).map(({ where }) => where),
  );
  const needed = neededNodes(
    graph,
    graph.outputs.map(({ name }) => name),
  );
  const names = needed.filter((node) => refused.has(node.name) || !isComputed(node)).map(nameOf);
  return [...new Set(names)].sort();
}

/** Whether its operator is one that computes; control flow that is still there was not followed. */
function isComputed({ domain, op }: GraphNode): boolean {
  const operator = operatorOf(domain, op);
  return operator !== undefined && !control.includes(operator);
}

const nameOf = ({ domain, op }: GraphNode): string => (domain === '' ? op : `${domain}.${op}`);

/** @throws ModelError `unsupported-operator` that names them */
export function refuseUnsupported(graph: Graph, inference: Inference): void {
  const names = unsupportedIn(graph, inference);
  if (names.length === 0) return;
  throw new ModelError({
    code: 'unsupported-operator',
    where: names[0],
    message: `This network cannot run here: it uses ${names.join(', ')}.`,
    hint: 'It can still be analysed, pruned by its weights, and exported.',
  });
}
