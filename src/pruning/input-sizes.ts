// Sizes that follow those of the network's inputs, and how to write them down so that they still do.

import { type Inference, inferTypes } from '../analysis/fold.ts';
import type { Analysis } from '../analysis/types.ts';
import type { GraphNode } from '../graph/types.ts';

interface Opened {
  readonly target: readonly number[];
  /** Whether some of it stays at the present size of the input. */
  readonly stuck: boolean;
}

export class InputSizes {
  private readonly before: Analysis;
  /** Of the graph as it will be. */
  private readonly inference: Inference;
  private other: Inference | undefined;

  /** @param before the graph that was cut */
  constructor(before: Analysis, inference: Inference) {
    this.before = before;
    this.inference = inference;
  }

  /** Tells of each element whether it changes with the sizes of the network's inputs. */
  follows(name: string): (i: number) => boolean {
    if (this.before.graph.tensors.has(name)) return () => false;
    const here = this.before.known.get(name)?.values;
    const there = this.elsewhere().known(name)?.values;
    return (i) => here?.[i] !== there?.[i];
  }

  /** The graph before the cut at twice every symbolic size, which divides as well as the present one. */
  private elsewhere(): Inference {
    const { graph, bindings } = this.before;
    this.other ??= inferTypes(
      graph,
      Object.fromEntries(Object.entries(bindings).map(([symbol, size]) => [symbol, 2 * size])),
    );
    return this.other;
  }

  /**
   * Sizes to write down for an input of a node. What follows the input goes on doing so where the operator has a way to
   * say it: a Reshape 0 (copied) or -1 (inferred), an Expand 1 (as long as it is).
   * @param name the value that computes them now
   */
  opened(node: GraphNode, slot: number, values: readonly number[], name: string): Opened {
    if (slot === 1 && node.op === 'Expand') return this.openExpansion(node, values, name);
    if (slot === 1 && node.op === 'Reshape') return this.openTarget(node, values, name);
    const follows = this.follows(name);
    return { target: values, stuck: values.some((_, i) => follows(i)) };
  }

  private openTarget(node: GraphNode, values: readonly number[], name: string): Opened {
    const follows = this.follows(name);
    const isAxis = this.isAxisOf(node.inputs[0], values, name);
    const copies = node.attributes.allowzero !== 1;
    const copied = values.map((value, i) => (copies && follows(i) && isAxis(i, i) ? 0 : value));
    const inferred = copied.findIndex((value, i) => value > 0 && follows(i));
    const target = inferred >= 0 && !copied.includes(-1) ? copied.with(inferred, -1) : copied;
    return { target, stuck: target.some((value, i) => value > 0 && follows(i)) };
  }

  /** Sizes are aligned with the data from the right. */
  private openExpansion({ inputs: [data] }: GraphNode, values: readonly number[], name: string): Opened {
    const follows = this.follows(name);
    const isAxis = this.isAxisOf(data, values, name);
    const before = values.length - (this.inference.types.get(data)?.dims.length ?? 0);
    const keeps = (i: number) => follows(i) && isAxis(i, i - before);
    return {
      target: values.map((value, i) => (keeps(i) ? 1 : value)),
      stuck: values.some((_, i) => follows(i) && !keeps(i)),
    };
  }

  /** Tells whether element `i` of the wanted sizes is the length of an axis of the data, at any size of the input. */
  private isAxisOf(
    data: string,
    values: readonly number[],
    name: string,
  ): (i: number, axis: number) => boolean {
    const here = this.inference.types.get(data)?.dims;
    const there = this.elsewhere().types.get(data)?.dims;
    const wantedThere = this.elsewhere().known(name)?.values;
    return (i, axis) => here?.[axis] === values[i] && there?.[axis] === wantedThere?.[i];
  }
}
