// What is found of many nodes is told once.

import { expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { inspect } from '../../src/workbench/model/inspect.ts';

/** Its elements that are not zero, and those of as many vectors made of it as there are names. */
function picking(names: readonly string[]) {
  const b = new GraphBuilder('picking');
  const x = b.input('x', 'float32', [4]);
  b.output(b.node('Frobnicate', [x], {}, { name: 'odd' }));
  for (const name of names) b.output(b.node('NonZero', [b.node('Relu', [x])], {}, { name }));
  const model = createOnnx(b.graph());
  return inspect(model, analyse(model.graph)).problems;
}

test('with the number of the others', () => {
  const [odd, first, ...more] = picking(['a', 'b', 'c', 'd']);
  expect(odd.where).toBe('odd');
  expect(first).toMatchObject({
    code: 'data-dependent',
    where: 'a',
    message: '"a" (NonZero) lists the non-zero elements of a computed value. The same goes for 3 others.',
  });
  expect(more).toEqual([]);
});

test('with the name of the only other', () => {
  expect(picking(['a', 'b']).at(-1)?.message).toMatch(/\. The same goes for "b"\.$/);
  expect(picking(['a']).at(-1)?.message).toMatch(/of a computed value\.$/);
});
