// Numbers that are the same whatever the sizes of the network's inputs.

import { wiringOf } from '../graph/query.ts';
import type { Graph } from '../graph/types.ts';
import { bindSymbols, type Inference, inferTypes } from './fold.ts';
import type { Bindings } from './types.ts';

/** Operators that hand sizes out: what they leave out may change. */
const selections = new Set(['Shape', 'Size', 'Gather', 'Slice']);

/** What is known of a graph, and does not change with the sizes of its inputs. */
export class Settled {
  private readonly here: Inference;
  private readonly elsewhere: Inference;
  private readonly producer: ReturnType<typeof wiringOf>['producer'];

  constructor(graph: Graph, bindings: Bindings | undefined) {
    const symbols = bindSymbols(graph, bindings);
    const other = Object.entries(symbols).map(([symbol, size]) => [symbol, 2 * size + 1]);
    this.here = inferTypes(graph, symbols);
    this.elsewhere = inferTypes(graph, Object.fromEntries(other));
    this.producer = wiringOf(graph).producer;
  }

  /** `undefined` where anything that they are computed from changes, even if the numbers are the same at the sizes tried. */
  numbers(name: string): readonly number[] | undefined {
    return this.isSettled(name) ? this.here.known(name)?.values : undefined;
  }

  /** `undefined` where a size changes, or the rank is not known. */
  dims(name: string): readonly (number | undefined)[] | undefined {
    const other = this.elsewhere.types.get(name)?.dims;
    return this.here.types.get(name)?.dims.map((size, axis) => (size === other?.[axis] ? size : undefined));
  }

  private isSettled(name: string): boolean {
    const known = this.here.known(name)?.values;
    if (!known || known.join() !== this.elsewhere.known(name)?.values.join()) return false;
    const node = this.producer(name);
    if (!node || selections.has(node.op)) return true;
    return node.inputs.every((input) => input === '' || this.isSettled(input));
  }
}
