// Numbers that are the same whatever the sizes of the network's inputs.

import type { Graph, GraphNode } from '../graph/types.ts';
import { bindSymbols, type Inference, inferTypes } from './fold.ts';
import type { Bindings } from './types.ts';

/** Operators that hand sizes out: what they leave out may change. */
const selections = new Set(['Shape', 'Size', 'Gather', 'Slice']);

/** What is known of a graph, and does not change with the sizes of its inputs. */
export class Settled {
  private readonly here: Inference;
  private readonly elsewhere: Inference;
  /** Values that nodes compute from what changes. */
  private readonly changing = new Set<string>();

  constructor(graph: Graph, bindings: Bindings | undefined) {
    const symbols = bindSymbols(graph, bindings);
    const other = Object.entries(symbols).map(([symbol, size]) => [symbol, 2 * size + 1]);
    this.here = inferTypes(graph, symbols);
    this.elsewhere = inferTypes(graph, Object.fromEntries(other));
    for (const node of graph.nodes)
      if (!this.isSettled(node)) for (const name of node.outputs) this.changing.add(name);
  }

  /** `undefined` where anything that they are computed from changes, even if the numbers are the same at the sizes tried. */
  numbers(name: string): readonly number[] | undefined {
    const known = this.here.known(name)?.values;
    const same =
      known && !this.changing.has(name) && known.join() === this.elsewhere.known(name)?.values.join();
    return same ? known : undefined;
  }

  /** `undefined` where a size changes, or the rank is not known. */
  dims(name: string): readonly (number | undefined)[] | undefined {
    const other = this.elsewhere.types.get(name)?.dims;
    return this.here.types.get(name)?.dims.map((size, axis) => (size === other?.[axis] ? size : undefined));
  }

  private isSettled({ op, inputs, outputs }: GraphNode): boolean {
    if (!this.here.folded.has(outputs[0])) return false;
    return selections.has(op) || inputs.every((name) => name === '' || this.numbers(name) !== undefined);
  }
}
