// Which operators a picture shows as one node: a convolution with the normalisation and activation behind it, an
// attention between its projections, a layer norm or an activation that the exporter wrote out, a run of reshapes.
// A block has a single value that leaves it, so that nothing is hidden but what happens on the way.

import type { GraphNode } from '../../graph/types.ts';
import type { Flow } from './flow.ts';
import { kernelOf } from './kernels.ts';
import { type Family, familyOf } from './vocabulary.ts';

export interface Block {
  /** In graph order. */
  readonly nodes: readonly GraphNode[];
  readonly pattern?: 'attention' | 'movement';
}

/** All nodes of the flow, each in one block; blocks in the order of their first nodes. */
export function foldBlocks(flow: Flow): Block[] {
  const blockOf = new Map<GraphNode, Block>();
  const claim = (block: Block | undefined) => {
    if (block) for (const node of block.nodes) blockOf.set(node, block);
  };
  for (const node of flow.nodes)
    if (node.op === 'Softmax' && !blockOf.has(node)) claim(attention(flow, node));
  const movements = new Map<GraphNode, Block>();
  for (const node of flow.nodes) {
    if (blockOf.has(node) || movements.has(node) || !isMovement(flow, node)) continue;
    const block = movement(flow, node);
    for (const member of block.nodes) movements.set(member, block);
  }
  /** Reshapes may be folded into what comes before them; other movements are shown. */
  const keepsElements = (node: GraphNode) =>
    movements.get(node)?.nodes.every(({ op }) => isOneOf(op, 'reshape', 'pass')) ?? true;
  for (const node of flow.nodes) {
    if (blockOf.has(node)) continue;
    const movement = movements.get(node);
    claim(movement ?? run(flow, node, (next) => !blockOf.has(next) && keepsElements(next)));
  }
  return [...new Set(flow.nodes.map((node) => blockOf.get(node) as Block))];
}

const isOneOf = (op: string, ...families: Family[]): boolean => families.includes(familyOf(op));

const isMovement = (flow: Flow, node: GraphNode): boolean =>
  isOneOf(node.op, 'reshape', 'move') && flow.inputs(node).length === 1 && flow.isData(node.inputs[0]);

function movement(flow: Flow, start: GraphNode): Block {
  const accepts = (node: GraphNode) => isOneOf(node.op, 'reshape', 'move', 'pass');
  const [joined, alone] = (['alone', 'never'] as const).map((entry) => grow(flow, start, { accepts, entry }));
  return { nodes: joined.length > alone.length ? joined : alone, pattern: 'movement' };
}

/** A node and the norms, activations and arithmetic that follow from it. */
function run(flow: Flow, start: GraphNode, isLeft: (node: GraphNode) => boolean): Block {
  const isJoin = flow.inputs(start).length > 1;
  const isWrittenOut = isOneOf(start.op, 'arithmetic', 'reduction', 'activation', 'pass');
  const foldable: Family[] = ['pass', 'norm', 'activation', 'arithmetic', 'reduction'];
  if (!isJoin && (familyOf(start.op) !== 'other' || kernelOf(flow, start))) foldable.push('reshape');
  return {
    nodes: grow(flow, start, {
      accepts: (node) => isLeft(node) && isOneOf(node.op, ...foldable),
      entry: isWrittenOut ? 'beside' : 'never',
      mayEndWith: (node) => familyOf(node.op) !== 'reduction',
    }),
  };
}

interface Growth {
  accepts(node: GraphNode): boolean;
  /**
   * Whether nodes inside may also read what the first one reads: beside a value from inside, or alone. Never behind a
   * kernel, where that is a residual connection.
   */
  readonly entry: 'never' | 'beside' | 'alone';
  mayEndWith?(node: GraphNode): boolean;
}

const LONGEST = 48;

/**
 * Grows over nodes that read nothing but what is inside, in graph order, and keeps the longest run that a single value
 * leaves; the first node alone where there is none.
 */
function grow(flow: Flow, start: GraphNode, { accepts, entry: mode, mayEndWith }: Growth): GraphNode[] {
  const entries = flow.inputs(start);
  const entry = mode !== 'never' && entries.length === 1 ? entries[0] : undefined;
  const members = [start];
  const inside = new Set(start.outputs);
  const seen = new Set(members);
  const waiting: GraphNode[] = [];
  const offer = (names: readonly string[]) => {
    for (const name of names)
      for (const reader of flow.readers(name)) {
        if (seen.has(reader) || place(flow, reader) < place(flow, start)) continue;
        seen.add(reader);
        waiting.push(reader);
      }
    waiting.sort((a, b) => place(flow, b) - place(flow, a));
  };
  offer(entry === undefined || mode !== 'alone' ? start.outputs : [...start.outputs, entry]);
  let whole = 1;
  for (let next = waiting.pop(); next && members.length < LONGEST; next = waiting.pop()) {
    const reads = flow.inputs(next);
    if (!accepts(next) || !reads.every((name) => inside.has(name) || name === entry)) continue;
    members.push(next);
    for (const name of next.outputs) inside.add(name);
    offer(next.outputs);
    if ((mayEndWith?.(next) ?? true) && exits(flow, members) === 1) whole = members.length;
  }
  return members.slice(0, whole);
}

const place = (flow: Flow, node: GraphNode): number => flow.order.get(node) ?? 0;

/** How many values of these nodes are read by others. */
function exits(flow: Flow, members: readonly GraphNode[]): number {
  const inside = new Set(members);
  return members
    .flatMap((node) => node.outputs)
    .filter((name) => flow.isOutput(name) || flow.readers(name).some((reader) => !inside.has(reader))).length;
}

// ---------------------------------------------------------------- attention

/**
 * Everything between the projections: the product of queries and keys, its scaling, mask and softmax, the product with
 * the values, and the reshapes that cut heads and join them again. `undefined` where the softmax weighs nothing.
 */
function attention(flow: Flow, softmax: GraphNode): Block | undefined {
  const weighing = weighedBy(flow, softmax);
  if (!weighing) return undefined;
  const region = new Set(weighing);
  const pending = [...weighing];
  for (let node = pending.pop(); node; node = pending.pop())
    for (const name of flow.inputs(node)) {
      const from = flow.producer(name);
      if (!from || region.has(from) || !isWithoutWeights(flow, from) || !onlyFeeds(flow, from, region))
        continue;
      region.add(from);
      pending.push(from);
    }
  const products = [...region].filter(({ op }) => familyOf(op) === 'product').length;
  if (products < 2) return undefined;
  let last = weighing[weighing.length - 1];
  for (
    let next = onlyReader(flow, last);
    next && familyOf(next.op) === 'reshape';
    next = onlyReader(flow, last)
  ) {
    region.add(next);
    last = next;
  }
  return {
    nodes: [...region].sort((a, b) => place(flow, a) - place(flow, b)),
    pattern: 'attention',
  };
}

/** From the softmax to the product that it weighs the values with. */
function weighedBy(flow: Flow, softmax: GraphNode): GraphNode[] | undefined {
  const chain = [softmax];
  for (let next = onlyReader(flow, softmax); next; next = onlyReader(flow, next)) {
    chain.push(next);
    if (familyOf(next.op) === 'product') return kernelOf(flow, next) ? undefined : chain;
    if (!isOneOf(next.op, 'pass', 'arithmetic', 'reshape')) return undefined;
  }
  return undefined;
}

function onlyReader(flow: Flow, node: GraphNode): GraphNode | undefined {
  const readers = node.outputs.flatMap((name) => flow.readers(name));
  return readers.length === 1 && !node.outputs.some(flow.isOutput) ? readers[0] : undefined;
}

const onlyFeeds = (flow: Flow, node: GraphNode, region: ReadonlySet<GraphNode>): boolean =>
  node.outputs.every(
    (name) => !flow.isOutput(name) && flow.readers(name).every((reader) => region.has(reader)),
  );

/** Not a projection, nor the bias written behind one. */
const isWithoutWeights = (flow: Flow, node: GraphNode): boolean =>
  isOneOf(node.op, 'pass', 'arithmetic', 'reduction', 'reshape', 'move', 'product') &&
  !kernelOf(flow, node) &&
  !(node.op === 'Add' && node.inputs.some((name) => isProjection(flow, flow.producer(name))));

const isProjection = (flow: Flow, node: GraphNode | undefined): boolean =>
  node !== undefined && kernelOf(flow, node) !== undefined;
