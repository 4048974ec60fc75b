// The graph as a person should see it: shape arithmetic and constants left out, runs of operators (convolution +
// normalisation + activation, a written-out layer norm, a swish) folded into one node that can be opened again.
// Positions are left to the page.

import type { Analysis } from '../analysis/types.ts';
import { isFloat } from '../graph/tensor.ts';
import type { GraphNode } from '../graph/types.ts';
import type { Drawing, DrawnEdge, DrawnNode } from './engine.ts';

type Kind = DrawnNode['kind'];

const kindsByOp = new Map<string, Kind>(
  Object.entries({
    norm: 'BatchNormalization InstanceNormalization LayerNormalization GroupNormalization RMSNormalization LRN LpNormalization SkipLayerNormalization',
    activation:
      'Relu LeakyRelu PRelu Elu Celu Selu Sigmoid HardSigmoid HardSwish Tanh Softplus Softsign Mish Gelu Clip Erf Softmax LogSoftmax ThresholdedRelu',
    join: 'Add Sub Mul Div Concat Sum Mean Max Min Where MatMul Einsum',
    shape:
      'Reshape Transpose Flatten Squeeze Unsqueeze Split Slice Gather Expand Tile Pad DepthToSpace SpaceToDepth',
  }).flatMap(([kind, ops]) => ops.split(' ').map((op) => [op, kind as Kind])),
);

/** Operators that may disappear into the node before them. */
const foldable = new Set(
  (
    'BatchNormalization InstanceNormalization LayerNormalization GroupNormalization RMSNormalization ' +
    'Relu LeakyRelu PRelu Elu Celu Selu Sigmoid HardSigmoid HardSwish Tanh Softplus Softsign Mish Gelu Clip Erf ' +
    'ThresholdedRelu Add Sub Mul Div Pow Sqrt Reciprocal Neg Exp Log Min Max ReduceMean Identity Cast Dropout ' +
    'QuantizeLinear DequantizeLinear'
  ).split(' '),
);

interface Block {
  readonly id: string;
  readonly nodes: GraphNode[];
}

/** @param expanded ids of folded nodes to show operator by operator */
export function drawGraph(analysis: Analysis, expanded: ReadonlySet<string>): Drawing {
  const { graph } = analysis;
  const drawn = graph.nodes.filter((node) => !isPlumbing(analysis, node));
  const isDrawnValue = drawnValues(analysis, drawn);
  const blocks = foldRuns(analysis, drawn, isDrawnValue);
  const groupsOf = groupsByName(analysis);
  const nodes: DrawnNode[] = [];
  const ownerOf = new Map<number, string>();
  const add = (id: string, members: readonly GraphNode[], parent?: string) => {
    for (const node of members) ownerOf.set(node.id, id);
    nodes.push(describe(analysis, id, members, groupsOf, parent));
  };
  for (const input of graph.inputs) nodes.push(terminal(analysis, `in:${input.name}`, input.name, 'input'));
  for (const { id, nodes: members } of blocks) {
    if (members.length > 1 && expanded.has(id)) for (const node of members) add(`n${node.id}`, [node], id);
    else add(id, members);
  }
  for (const output of graph.outputs)
    nodes.push(terminal(analysis, `out:${output.name}`, output.name, 'output'));
  return { nodes, edges: drawEdges(analysis, drawn, isDrawnValue, ownerOf, groupsOf) };
}

/** Integer arithmetic on shapes, known before the network runs. */
const isPlumbing = ({ known }: Analysis, node: GraphNode): boolean =>
  node.outputs.every((name) => {
    const value = known.get(name);
    return name === '' || (value !== undefined && !isFloat(value.dtype));
  });

function drawnValues({ graph }: Analysis, drawn: readonly GraphNode[]): (name: string) => boolean {
  const values = new Set([
    ...graph.inputs.map((input) => input.name),
    ...drawn.flatMap((node) => node.outputs),
  ]);
  return (name) => name !== '' && values.has(name);
}

/**
 * Grows a block from each node over the foldable nodes that read nothing but the block and its first input, and keeps
 * the longest run from which a single value leaves.
 */
function foldRuns(
  analysis: Analysis,
  drawn: readonly GraphNode[],
  isDrawnValue: (name: string) => boolean,
): Block[] {
  const consumers = new Map<string, GraphNode[]>();
  for (const node of drawn)
    for (const name of new Set(node.inputs)) consumers.set(name, [...(consumers.get(name) ?? []), node]);
  const outputs = new Set(analysis.graph.outputs.map((output) => output.name));
  const taken = new Set<GraphNode>();
  const blocks: Block[] = [];
  for (const start of drawn) {
    if (taken.has(start)) continue;
    const members = [start];
    const inside = new Set(start.outputs);
    const entries = start.inputs.filter(isDrawnValue);
    const entry = entries.length === 1 ? entries[0] : undefined;
    let whole = 1;
    for (let at = 0; at < members.length && members.length < 32; at++) {
      const readers = members[at].outputs.flatMap((name) => consumers.get(name) ?? []);
      const beside = entry !== undefined && at === 0 ? (consumers.get(entry) ?? []) : [];
      for (const next of [...readers, ...beside]) {
        if (taken.has(next) || members.includes(next) || !foldable.has(next.op)) continue;
        const reads = next.inputs.filter(isDrawnValue);
        if (
          !reads.some((name) => inside.has(name)) ||
          !reads.every((name) => inside.has(name) || name === entry)
        )
          continue;
        members.push(next);
        for (const name of next.outputs) inside.add(name);
        if (exits(members, consumers, outputs) === 1) whole = members.length;
      }
    }
    const nodes = members.slice(0, whole);
    for (const node of nodes) taken.add(node);
    blocks.push({ id: `b${start.id}`, nodes });
  }
  return blocks;
}

/** How many values of a block are read outside of it. */
function exits(
  members: readonly GraphNode[],
  consumers: Map<string, GraphNode[]>,
  outputs: Set<string>,
): number {
  const leaving = members
    .flatMap((node) => node.outputs)
    .filter(
      (name) => outputs.has(name) || (consumers.get(name) ?? []).some((reader) => !members.includes(reader)),
    );
  return leaving.length;
}

function groupsByName(analysis: Analysis): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, string[]>();
  const add = (name: string, group: string) => {
    const list = out.get(name) ?? [];
    out.set(name, list);
    if (!list.includes(group)) list.push(group);
  };
  for (const group of analysis.groups) {
    for (const member of group.members) add(member.tensor, group.id);
    for (const name of analysis.valuesOf(group)) add(name, group.id);
  }
  return out;
}

const sizes = { width: 148, lineHeight: 20, padding: 12 };

function describe(
  analysis: Analysis,
  id: string,
  members: readonly GraphNode[],
  groupsOf: ReadonlyMap<string, readonly string[]>,
  parent: string | undefined,
): DrawnNode {
  const [first] = members;
  const { graph } = analysis;
  const detail = detailOf(analysis, first, members.length);
  const groups = new Set(
    members.flatMap((node) =>
      node.inputs.filter((name) => graph.tensors.has(name)).flatMap((name) => groupsOf.get(name) ?? []),
    ),
  );
  return {
    id,
    label: labelOf(members),
    detail,
    kind: kindOf(analysis, first),
    nodes: members.map((node) => node.id),
    expandable: members.length > 1,
    ...(parent === undefined ? {} : { parent }),
    groups: [...groups],
    x: 0,
    y: 0,
    width: sizes.width,
    height: sizes.padding + sizes.lineHeight * (detail ? 2 : 1),
  };
}

const shortNames: Record<string, string> = {
  BatchNormalization: 'Norm',
  LayerNormalization: 'Norm',
  InstanceNormalization: 'Norm',
};

/** `Conv · Norm · Relu`; a long run of arithmetic is named after what it is made of. */
function labelOf(members: readonly GraphNode[]): string {
  const ops = members.map((node) => shortNames[node.op] ?? node.op);
  if (ops.length > 5 && ops.includes('ReduceMean') && ops.includes('Sqrt')) return 'Layer norm';
  if (ops.includes('Erf'))
    return [...ops.slice(0, ops.indexOf('Div')), 'Gelu'].filter(Boolean).slice(0, 3).join(' · ');
  return ops.length > 4 ? `${ops.slice(0, 3).join(' · ')} …` : ops.join(' · ');
}

function kindOf(analysis: Analysis, node: GraphNode): Kind {
  const bound = analysis.view(node.id);
  if (!bound) return 'unknown';
  if (kernelOf(analysis, node)) return 'kernel';
  return kindsByOp.get(node.op) ?? 'other';
}

function kernelOf(analysis: Analysis, node: GraphNode) {
  const bound = analysis.view(node.id);
  const use = bound?.operator.weights(bound.view as never).find(({ role }) => role === 'kernel');
  const tensor = use && analysis.graph.tensors.get(node.inputs[use.input]);
  return use && tensor ? { use, tensor } : undefined;
}

/** `64 × 3×3`, `256 → 10`, or the output's shape. */
function detailOf(analysis: Analysis, node: GraphNode, folded: number): string {
  const kernel = kernelOf(analysis, node);
  if (kernel) {
    const { dims } = kernel.tensor;
    const out = dims[kernel.use.outAxis ?? 0];
    const input = dims[kernel.use.inAxis ?? 1];
    const spatial = dims.length > 2 ? dims.slice(2) : [];
    const groups = kernel.use.groups && kernel.use.groups > 1 ? ` / ${kernel.use.groups}` : '';
    return spatial.length > 0 ? `${out} × ${spatial.join('×')}${groups}` : `${input} → ${out}`;
  }
  const dims = analysis.types.get(node.outputs[0])?.dims;
  return dims ? dims.join('×') : folded > 1 ? `${folded} operators` : '';
}

function terminal(analysis: Analysis, id: string, name: string, kind: 'input' | 'output'): DrawnNode {
  const dims = analysis.types.get(name)?.dims;
  const detail = dims ? dims.join('×') : '';
  const height = sizes.padding + sizes.lineHeight * 2;
  return {
    id,
    label: name,
    detail,
    kind,
    nodes: [],
    expandable: false,
    groups: [],
    x: 0,
    y: 0,
    width: sizes.width,
    height,
  };
}

function drawEdges(
  analysis: Analysis,
  drawn: readonly GraphNode[],
  isDrawnValue: (name: string) => boolean,
  ownerOf: ReadonlyMap<number, string>,
  groupsOf: ReadonlyMap<string, readonly string[]>,
): DrawnEdge[] {
  const { graph, types } = analysis;
  const source = new Map<string, string>(graph.inputs.map(({ name }) => [name, `in:${name}`]));
  for (const node of drawn) for (const name of node.outputs) source.set(name, ownerOf.get(node.id) as string);
  const edges = new Map<string, { source: string; target: string; values: string[] }>();
  const connect = (value: string, target: string) => {
    const from = source.get(value);
    if (from === undefined || from === target) return;
    const id = `${from}>${target}`;
    const edge = edges.get(id) ?? { source: from, target, values: [] };
    edges.set(id, edge);
    if (!edge.values.includes(value)) edge.values.push(value);
  };
  for (const node of drawn)
    for (const name of node.inputs) if (isDrawnValue(name)) connect(name, ownerOf.get(node.id) as string);
  for (const { name } of graph.outputs) connect(name, `out:${name}`);
  return [...edges].map(([id, edge]) => ({
    id,
    ...edge,
    shape: types.get(edge.values[0])?.dims.join('×') ?? '',
    groups: [...new Set(edge.values.flatMap((name) => groupsOf.get(name) ?? []))],
  }));
}
