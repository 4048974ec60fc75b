// Operators of ONNX Runtime whose data have their channels last, [batch, …spatial, channels], as it writes them for
// quantised networks. Each is an operator on channels first, seen through its axes; it computes in the order the data
// come in. Kernels keep the order of the standard operators.

import { sequence } from './host.ts';
import { type AttrSchema, int, type NodeView, type Operator, operator, positive } from './op.ts';

/** Where the axes [batch, channels, …spatial] are when channels come last. */
const places = (rank: number): number[] => [0, rank - 1, ...sequence(rank - 2, 1)];
/** Which of those axes each place has. */
const axesAt = (rank: number): number[] => [0, ...sequence(rank - 2, 2), 1];

const arranged = <T>(values: readonly T[], order: (rank: number) => number[]): T[] =>
  order(values.length).map((axis) => values[axis]);

type Method = (i: number, rest: never) => never;

/** The node with the axes of input 0 and of its results in the order of the standard operators. */
function seenChannelsFirst<V extends NodeView<unknown>>(view: V): V {
  const seen = Object.create(view, { channelsLast: { value: true } });
  const source = view as unknown as Record<string, Method | undefined>;
  const change = (
    names: readonly string[],
    changed: (method: Method) => (i: number, rest: never) => unknown,
  ) => {
    for (const name of names) {
      const method = source[name]?.bind(view);
      if (method) seen[name] = changed(method);
    }
  };
  change(['shape', 'newShape', 'axes'], (method) => (i, rest) => {
    const values: readonly unknown[] = method(i, rest);
    return i === 0 ? arranged(values, places) : values;
  });
  change(['outShape', 'newOutShape'], (method) => (o, rest) => arranged(method(o, rest), places));
  change(
    ['kept'],
    (method) => (i, axis) => method(i, i === 0 ? (places(view.shape(i).length)[axis] as never) : axis),
  );
  change(['out'], (method) => (o, axes) => method(o, arranged(axes, axesAt) as never));
  change(['axis'], () => (i) => places(view.shape(0).length)[positive(i, view.shape(0).length)]);
  return seen;
}

/**
 * The same operator on data with their channels last.
 * @param isLast tells of a node whether it has them so
 */
function onChannelsLast(record: Operator, isLast: (view: NodeView<unknown>) => boolean): Operator {
  const seen = <V extends NodeView<unknown>>(view: V): V => (isLast(view) ? seenChannelsFirst(view) : view);
  return operator<AttrSchema>({
    ...record,
    shape: (view) =>
      record
        .shape(seen(view))
        .map(({ dtype, dims }) => ({ dtype, dims: isLast(view) ? arranged(dims, axesAt) : dims })),
    terms: (eq) => record.terms(seen(eq)),
    resize: (view) => record.resize(seen(view)),
    weights: (view) => record.weights(seen(view)),
    layout: (view) => {
      if (isLast(view)) return 'logical';
      return typeof record.layout === 'function' ? record.layout(view) : record.layout;
    },
    weightOrder: (view, input) => record.weightOrder?.(seen(view), input),
    run: (view) => record.run(seen(view)),
    macs: (view) => record.macs(seen(view)),
  });
}

/** Where an attribute says so. */
export const statedLast = (record: Operator): Operator =>
  onChannelsLast(
    { ...record, domain: 'com.microsoft', attrs: { ...record.attrs, channels_last: int(0) } },
    (view) => (view.attrs as { channels_last?: number }).channels_last === 1,
  );

/** Under a name of its own. */
export const alwaysLast = (name: string, record: Operator): Operator =>
  onChannelsLast({ ...record, name, domain: 'com.microsoft' }, () => true);
