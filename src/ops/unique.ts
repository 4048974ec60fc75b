// Unique: what differs, once each, with where it stands, where it went and how often it is there. How much that is only
// the data tell, so it is worked out on the host.

import { elementCount } from '../graph/tensor.ts';
import { pickAlong, reshaped, sequence } from './host.ts';
import {
  type AttrsOf,
  type HostTensor,
  int,
  type NodeView,
  noMacs,
  noResize,
  noWeights,
  type Operator,
  operator,
  positive,
} from './op.ts';
import { onHost } from './rearrange.ts';
import { dataDependent } from './refusal.ts';

const uniqueAttrs = { axis: int(), sorted: int(1) };
type UniqueView = NodeView<AttrsOf<typeof uniqueAttrs>>;

/** Equal runs of numbers, by where they first stand. */
interface Kinds {
  readonly first: readonly number[];
  /** Number of the kind of each run. */
  readonly kindOf: readonly number[];
  /** Runs of each kind. */
  readonly counts: readonly number[];
}

function kindsOf(runs: readonly (readonly number[])[], sorted: boolean): Kinds {
  const known = new Map<string, number>();
  const firstLike = runs.map((run, position) => {
    const key = run.join();
    if (!known.has(key)) known.set(key, position);
    return known.get(key) as number;
  });
  const first = [...known.values()];
  if (sorted) first.sort((a, b) => compared(runs[a], runs[b]));
  const kindAt = new Map(first.map((position, kind) => [position, kind]));
  const kindOf = firstLike.map((position) => kindAt.get(position) as number);
  const counts = first.map(() => 0);
  for (const kind of kindOf) counts[kind]++;
  return { first, kindOf, counts };
}

function compared(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : a[at] - b[at];
}

function uniqueOf(view: UniqueView): HostTensor[] {
  const input = view.known(0);
  if (!input) throw dataDependent(view, 'lists what differs in a computed value');
  const { axis, sorted } = view.attrs;
  const data = axis === undefined ? reshaped(input, [elementCount(input.dims)]) : input;
  const along = axis === undefined ? 0 : positive(axis, input.dims.length);
  const positions = sequence(data.dims[along]);
  const runs = positions.map((position) => pickAlong(data, along, [position]).values);
  const { first, kindOf, counts } = kindsOf(runs, sorted === 1);
  const list = (values: readonly number[]): HostTensor => ({ dtype: 'int64', dims: [values.length], values });
  return [pickAlong(data, along, first), list(first), list(kindOf), list(counts)].slice(0, view.outputs);
}

const Unique = operator({
  name: 'Unique',
  attrs: uniqueAttrs,
  coupling: 'lists what differs in its input',
  shape: (view) => uniqueOf(view).map(({ dtype, dims }) => ({ dtype, dims })),
  fold: uniqueOf,
  terms: (eq) => {
    for (const axis of eq.axes(0)) eq.fix(axis, 'its positions are compared with each other');
    for (let o = 0; o < eq.outputs; o++)
      eq.out(
        o,
        eq.outShape(o).map((length) => eq.fixed(length, 'it lists what differs')),
      );
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: onHost(uniqueOf),
  macs: noMacs,
});

export const unique: readonly Operator[] = [Unique];
