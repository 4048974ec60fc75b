// What a network's outputs say, so that losses can be computed stably: where a graph ends in Softmax or Sigmoid, the
// values before it (the logits) are what a loss wants.

import type { HostArray } from '../execution/types.ts';
import { wiringOf } from '../graph/query.ts';
import type { Graph, GraphNode } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import type { LossName, Objective } from './types.ts';

/** The function between the logits and the output. */
export type Link = 'none' | 'softmax' | 'sigmoid';

export interface Head {
  /** Name of the graph output. */
  readonly output: string;
  /** The value before the link; the output itself where there is none. */
  readonly logits: string;
  readonly link: Link;
  /** Axis of the logits along which classes compete, where the graph says so; may count from the end. */
  readonly axis?: number;
}

/** Operators that leave every element where it is. */
const transparent = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/** Recognises Softmax, LogSoftmax, Log(Softmax) and Sigmoid at the end of the graph. */
export function headOf(graph: Graph, output: string): Head {
  const { producer } = wiringOf(graph);
  const behind = (name: string): GraphNode | undefined => {
    const node = producer(name);
    return node && node.domain === '' && transparent.has(node.op) ? behind(node.inputs[0]) : node;
  };
  let node = behind(output);
  if (node?.op === 'Log' && node.domain === '') {
    const inner = behind(node.inputs[0]);
    if (inner?.op === 'Softmax') node = inner;
  }
  if (node?.domain === '' && (node.op === 'Softmax' || node.op === 'LogSoftmax')) {
    const before13 = (graph.opsets.get('') ?? 13) < 13;
    const axis = Number(node.attributes.axis ?? (before13 ? 1 : -1));
    return { output, logits: node.inputs[0], link: 'softmax', axis };
  }
  if (node?.domain === '' && node.op === 'Sigmoid')
    return { output, logits: node.inputs[0], link: 'sigmoid' };
  return { output, logits: output, link: 'none' };
}

/** What each output is trained towards, read off the targets and the graph's ends: one target per output, in order. */
export function objectivesFor(graph: Graph, targets: readonly HostArray[]): Objective[] {
  if (targets.length > graph.outputs.length)
    throw new ModelError({
      code: 'too-many-targets',
      where: graph.name,
      message: `The data brings ${targets.length} targets per example, but the network has ${graph.outputs.length} outputs.`,
      hint: 'State which output learns which target.',
    });
  return targets.map((target, position) => {
    const { name } = graph.outputs[position];
    return { output: name, target: position, loss: lossFor(headOf(graph, name).link, target), weight: 1 };
  });
}

/** Without targets every output matters alike. */
export const outputsOf = (graph: Graph): Objective[] =>
  graph.outputs.map(({ name }, position) => {
    const { link } = headOf(graph, name);
    const loss = link === 'sigmoid' ? 'binary-cross-entropy' : 'cross-entropy';
    return { output: name, target: position, loss, weight: 1 };
  });

function lossFor(link: Link, { data }: HostArray): LossName {
  if (link === 'sigmoid') return 'binary-cross-entropy';
  if (link === 'softmax' || data instanceof Int32Array) return 'cross-entropy';
  return 'mean-squared-error';
}
