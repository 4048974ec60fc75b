// Sizes that a file computes from its input go on following it after a cut, also where one is computed behind another
// that had to be rewritten. Exporters write them as Shape → Gather → Concat → Reshape.

import { expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { inferTypes } from '../../src/analysis/fold.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { cut } from '../../src/pruning/surgery.ts';

/** [N, T, 4] → a linear layer on rows, written with computed targets → heads → merged → a linear layer. */
function network() {
  const b = new GraphBuilder('rows and heads', { opset: 17 });
  const weights = (name: string, dims: readonly number[]) =>
    b.tensor(
      name,
      'float32',
      dims,
      Array.from({ length: dims[0] * dims[1] }, (_, i) => Math.sin(i)),
    );
  const size = (value: string, axis: number) =>
    b.node('Gather', [b.node('Shape', [value]), b.integers(`${value} axis ${axis}`, [axis])]);
  const reshape = (value: string, ...sizes: (string | number)[]) => {
    const parts = sizes.map((s, i) => (typeof s === 'string' ? s : b.integers(`${value} size ${i}`, [s])));
    return b.node('Reshape', [value, b.node('Concat', parts, { axis: 0 })]);
  };
  const x = b.input('x', 'float32', ['N', 'T', 4]);
  const rows = b.node('MatMul', [reshape(x, -1, 4), weights('w', [4, 6])]);
  const tokens = reshape(rows, size(x, 0), size(x, 1), 6);
  const heads = reshape(tokens, size(tokens, 0), size(tokens, 1), 2, 3);
  const merged = reshape(heads, size(heads, 0), size(heads, 1), 6);
  return b.output(b.node('MatMul', [merged, weights('head', [6, 2])])).graph();
}

test('a pruned network takes every batch and length that the original takes', () => {
  const analysis = analyse(network());
  const group = analysis.groups.find(({ kind }) => kind === 'head-dims');
  const { graph, problems } = cut(analysis, new Map([[group?.id ?? '', [1]]]));
  expect(problems).toEqual([]);
  for (const [N, T] of [
    [1, 5],
    [3, 7],
  ]) {
    const inference = inferTypes(graph, { N, T });
    expect(inference.problems).toEqual([]);
    expect(inference.types.get(graph.outputs[0].name)?.dims).toEqual([N, T, 2]);
  }
});
