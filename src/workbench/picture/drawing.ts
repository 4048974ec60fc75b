// The graph as a person should see it: runs of operators folded into one node that can be opened again, layers by the
// names their constants have, sizes as papers write them. Positions and pixels are left to the page.

import type { Analysis, Group, NodeCost } from '../../analysis/types.ts';
import type { GraphNode } from '../../graph/types.ts';
import type { Drawing, DrawnChannels, DrawnEdge, DrawnFrame, DrawnGroup, DrawnNode } from '../state.ts';
import { type Flow, flowOf } from './flow.ts';
import { type Block, foldBlocks } from './folding.ts';
import { type Kernel, kernelOf } from './kernels.ts';
import { commonModule, layerName } from './layer-name.ts';
import { familyOf, type Word, wordFor, wordsFor } from './vocabulary.ts';

/**
 * @param expanded ids of folded nodes to show operator by operator
 * @param initialUnits units of each group in the model as it was opened, by group id
 */
export function drawGraph(
  analysis: Analysis,
  expanded: ReadonlySet<string>,
  initialUnits: ReadonlyMap<string, number> = new Map(),
): Drawing {
  const { graph } = analysis;
  const flow = flowOf(analysis);
  const scene: Scene = {
    flow,
    groups: groupIndex(analysis),
    costs: new Map(analysis.costs.map((cost) => [cost.node, cost])),
    initialUnits,
  };
  const frames: DrawnFrame[] = [];
  const nodes: DrawnNode[] = [];
  const ownerOf = new Map<GraphNode, string>();
  const draw = (id: string, block: Block, parent?: string) => {
    for (const node of block.nodes) ownerOf.set(node, id);
    nodes.push(describe(scene, id, block, parent));
  };
  for (const { name } of graph.inputs) nodes.push(terminal(analysis, `in:${name}`, name, 'input'));
  for (const block of foldBlocks(flow)) {
    const id = `b${block.nodes[0].id}`;
    if (block.nodes.length === 1 || !expanded.has(id)) {
      draw(id, block);
      continue;
    }
    const { name, label } = describe(scene, id, block);
    frames.push({ id, name, label });
    for (const node of block.nodes) draw(`n${node.id}`, { nodes: [node] }, id);
  }
  for (const { name } of graph.outputs) nodes.push(terminal(analysis, `out:${name}`, name, 'output'));
  return {
    nodes,
    edges: drawEdges(scene, ownerOf),
    frames,
    groups: drawGroups(analysis, nodes, initialUnits),
  };
}

interface Scene {
  readonly flow: Flow;
  readonly groups: ReadonlyMap<string, readonly Group[]>;
  readonly costs: ReadonlyMap<number, NodeCost>;
  readonly initialUnits: ReadonlyMap<string, number>;
}

/** Groups by the names of the values and constants that carry their units. */
function groupIndex(analysis: Analysis): ReadonlyMap<string, readonly Group[]> {
  const out = new Map<string, Group[]>();
  for (const group of analysis.groups) {
    const names = new Set([...group.members.map(({ tensor }) => tensor), ...analysis.valuesOf(group)]);
    for (const name of names) {
      const list = out.get(name);
      if (list) list.push(group);
      else out.set(name, [group]);
    }
  }
  return out;
}

// ---------------------------------------------------------------- nodes

function describe(scene: Scene, id: string, block: Block, parent?: string): DrawnNode {
  const { flow } = scene;
  const { nodes } = block;
  const operators = [...new Set(nodes.flatMap((node) => [...flow.feeders(node), node]))];
  const kernel = kernelOf(flow, nodes[0]);
  const shape = dimsText(flow.analysis, leaving(flow, nodes));
  const sum = (key: 'params' | 'macs') =>
    operators.reduce((total, node) => total + (scene.costs.get(node.id)?.[key] ?? 0), 0);
  const channels = kernel && channelsOf(scene, kernel);
  return {
    id,
    name: nameOf(flow, block, kernel),
    label: labelOf(flow, block, kernel),
    detail: detailOf(flow, block, kernel, channels) ?? shape,
    kind: kindOf(flow, block, kernel),
    ...(channels ? { channels } : {}),
    shape,
    params: sum('params'),
    macs: sum('macs'),
    nodes: operators.map((node) => node.id),
    expandable: nodes.length > 1,
    ...(parent === undefined ? {} : { parent }),
    groups: groupsIn(scene, nodes),
  };
}

/** An attention has no constant to be named after: it is called what its projections have in common. */
function nameOf(flow: Flow, { nodes, pattern }: Block, kernel: Kernel | undefined): string {
  if (pattern !== 'attention') return layerName(flow, nodes, kernel);
  const around = [
    ...nodes.flatMap(flow.inputs).map(flow.producer),
    ...flow.readers(leaving(flow, nodes)).filter((node) => !nodes.includes(node)),
  ];
  const names = around.flatMap((node) => {
    const found = node && projectionAt(flow, node);
    const bias = found?.outputs.flatMap((name) => flow.readers(name)) ?? [];
    return found ? [layerName(flow, [found, ...bias], kernelOf(flow, found))] : [];
  });
  return commonModule(names) ?? layerName(flow, nodes, kernel);
}

/** The node, or the one whose bias it adds. */
const projectionAt = (flow: Flow, node: GraphNode): GraphNode | undefined =>
  [node, ...flow.inputs(node).map(flow.producer)].find((each) => each && kernelOf(flow, each));

/** The value that goes on from these nodes. */
function leaving(flow: Flow, nodes: readonly GraphNode[]): string {
  const inside = new Set(nodes);
  const values = nodes.flatMap((node) => node.outputs);
  const read = values.find(
    (name) => flow.isOutput(name) || flow.readers(name).some((reader) => !inside.has(reader)),
  );
  return read ?? values[values.length - 1];
}

const dimsText = ({ types }: Analysis, value: string): string => types.get(value)?.dims.join('×') ?? '';

/** Those its output carries, those of its constants, and those that only enter it, as attention's heads do. */
function groupsIn({ flow, groups }: Scene, nodes: readonly GraphNode[]): string[] {
  const names = [leaving(flow, nodes), ...nodes.flatMap(flow.constants), ...nodes.flatMap(flow.inputs)];
  return [...new Set(names.flatMap((name) => groups.get(name) ?? []).map(({ id }) => id))];
}

function labelOf(flow: Flow, block: Block, kernel: Kernel | undefined): string {
  const texts = wordsOf(flow, block, kernel).map(({ text }) => text);
  return texts.length > 5 ? [...texts.slice(0, 4), '…'].join(' · ') : texts.join(' · ');
}

/** What a block does, operator by operator; reshapes between others go without saying. */
function wordsOf(flow: Flow, { nodes, pattern }: Block, kernel: Kernel | undefined): readonly Word[] {
  if (pattern === 'attention') return [{ text: 'Attention', family: 'attention' }];
  if (pattern === 'movement') return movementWords(flow, nodes);
  if (!kernel) {
    const words = wordsFor(spoken(flow, nodes));
    return words.length > 0 ? words : nodes.map(({ op }) => wordFor(op));
  }
  const behind = nodes.slice(isBias(nodes[1]) ? 2 : 1);
  return [{ text: kernelWord(nodes[0], kernel), family: 'other' }, ...wordsFor(spoken(flow, behind))];
}

/** A reshape is worth a word where it makes a vector of a map. */
const spoken = ({ analysis }: Flow, nodes: readonly GraphNode[]): string[] => {
  const rank = (value: string) => analysis.types.get(value)?.dims.length ?? 0;
  return nodes.flatMap(({ op, inputs, outputs }) => {
    if (familyOf(op) !== 'reshape') return [op];
    return rank(inputs[0]) > 3 && rank(outputs[0]) === 2 ? ['Flatten'] : [];
  });
};

const isBias = (node: GraphNode | undefined): boolean => node?.op === 'Add';

function kernelWord({ op }: GraphNode, { dims, groups, depthwise }: Kernel): string {
  const { text: word } = wordFor(op);
  if (word === 'Gemm' || word === 'MatMul') return 'Linear';
  if (word === 'Gather') return 'Embedding';
  if (word !== 'Conv') return word;
  if (depthwise) return 'Depthwise conv';
  return groups > 1 ? 'Grouped conv' : dims.length === 4 ? 'Conv' : `Conv ${dims.length - 2}D`;
}

/** A channel shuffle by that name; a longer run of reshapes and slices in one word. */
function movementWords({ analysis }: Flow, nodes: readonly GraphNode[]): Word[] {
  const ops = nodes.map(({ op }) => op).filter((op) => familyOf(op) !== 'pass');
  const last = nodes[nodes.length - 1].outputs[0];
  const returns = dimsText(analysis, nodes[0].inputs[0]) === dimsText(analysis, last);
  const isShuffle = returns && ops.join(' ') === 'Reshape Transpose Reshape';
  if (ops.length <= 2) return ops.map(wordFor);
  return [{ text: isShuffle ? 'Channel shuffle' : 'Rearrange', family: 'move' }];
}

function kindOf(flow: Flow, block: Block, kernel: Kernel | undefined): DrawnNode['kind'] {
  const [first] = block.nodes;
  if (!flow.analysis.view(first.id)) return 'unknown';
  if (kernel) return 'kernel';
  if (first.op === 'Concat' || (flow.inputs(first).length > 1 && block.pattern === undefined)) return 'join';
  return kinds[wordsOf(flow, block, kernel)[0]?.family ?? 'pass'];
}

const kinds = {
  pass: 'other',
  norm: 'norm',
  activation: 'activation',
  arithmetic: 'other',
  reduction: 'pool',
  reshape: 'shape',
  move: 'shape',
  product: 'join',
  pool: 'pool',
  join: 'join',
  attention: 'attention',
  other: 'other',
} as const;

/** `64 × 3×3`, `768 → 3072`, `12 heads · 197×197`; a pruned width as `45/64`. */
function detailOf(
  flow: Flow,
  { nodes, pattern }: Block,
  kernel: Kernel | undefined,
  channels: DrawnChannels | undefined,
): string | undefined {
  if (pattern === 'attention') {
    const softmax = nodes.find(({ op }) => op === 'Softmax');
    const dims = softmax ? (flow.analysis.types.get(softmax.outputs[0])?.dims ?? []) : [];
    const heads = dims[dims.length - 3] ?? 1;
    return `${heads} ${heads === 1 ? 'head' : 'heads'} · ${dims.slice(-2).join('×')}`;
  }
  if (!kernel || !channels) return undefined;
  const { dims, inAxis, groups, depthwise } = kernel;
  const { now, initially } = channels;
  const out = now < initially ? `${now}/${initially}` : now;
  if (dims.length <= 2) return `${dims[inAxis]} → ${out}`;
  return `${out} × ${dims.slice(2).join('×')}${groups > 1 && !depthwise ? ` / ${groups}` : ''}`;
}

/**
 * Output channels now, and as opened: each position counts for as many as the groups it belongs to had units for each
 * that is left.
 */
function channelsOf({ groups, initialUnits }: Scene, kernel: Kernel): DrawnChannels {
  const { tensor, repeats } = kernel;
  const positions = kernel.dims[kernel.outAxis];
  const members = (tensor === undefined ? [] : (groups.get(tensor) ?? [])).flatMap(({ id, units, members }) =>
    members
      .filter((member) => member.tensor === tensor && member.side === 'out')
      .map(({ unitOf }) => ({ id, units, unitOf, grown: (initialUnits.get(id) ?? units) / units })),
  );
  let initially = 0;
  for (let p = 0; p < positions; p++)
    initially += members.reduce((count, { unitOf, grown }) => (unitOf[p] >= 0 ? count * grown : count), 1);
  return {
    now: positions * repeats,
    initially: Math.round(initially * repeats),
    groups: members.map(({ id, units, unitOf }) => ({
      id,
      units,
      perUnit: (unitOf.filter((unit) => unit >= 0).length * repeats) / units,
    })),
  };
}

function terminal(analysis: Analysis, id: string, name: string, kind: 'input' | 'output'): DrawnNode {
  const shape = dimsText(analysis, name);
  return {
    id,
    name,
    label: kind === 'input' ? 'Input' : 'Output',
    detail: shape,
    kind,
    shape,
    params: 0,
    macs: 0,
    nodes: [],
    expandable: false,
    groups: [],
  };
}

// ---------------------------------------------------------------- edges and groups

function drawEdges({ flow, groups }: Scene, ownerOf: ReadonlyMap<GraphNode, string>): DrawnEdge[] {
  const { graph } = flow.analysis;
  const sourceOf = (value: string): string | undefined => {
    const producer = flow.producer(value);
    return producer ? ownerOf.get(producer) : `in:${value}`;
  };
  const edges = new Map<string, { source: string; target: string; values: string[] }>();
  const connect = (value: string, target: string | undefined) => {
    const source = sourceOf(value);
    if (source === undefined || target === undefined || source === target) return;
    const id = `${source}>${target}`;
    const edge = edges.get(id) ?? { source, target, values: [] };
    edges.set(id, edge);
    if (!edge.values.includes(value)) edge.values.push(value);
  };
  for (const node of flow.nodes) for (const value of flow.inputs(node)) connect(value, ownerOf.get(node));
  for (const { name } of graph.outputs) if (flow.isData(name)) connect(name, `out:${name}`);
  return [...edges].map(([id, edge]) => ({
    id,
    ...edge,
    shape: dimsText(flow.analysis, edge.values[0]),
    groups: [...new Set(edge.values.flatMap((name) => groups.get(name) ?? []).map((group) => group.id))],
  }));
}

/** A layer may have several groups of a kind (what queries and keys share, and the values): the later ones are numbered. */
function drawGroups(analysis: Analysis, nodes: readonly DrawnNode[], initialUnits: Scene['initialUnits']) {
  const owners = new Map(nodes.flatMap((drawn) => drawn.nodes.map((node) => [node, drawn] as const)));
  const taken = new Map<string, number>();
  return analysis.groups.map(({ id, kind, units, root, members }): DrawnGroup => {
    const layer = owners.get(root.node);
    const name = layer?.name ?? root.tensor;
    const place = (taken.get(`${kind} ${name}`) ?? 0) + 1;
    taken.set(`${kind} ${name}`, place);
    return {
      id,
      name: place === 1 ? name : `${name} (${place})`,
      node: layer?.id,
      kind,
      units,
      initialUnits: initialUnits.get(id) ?? units,
      members: members.length,
    };
  });
}
