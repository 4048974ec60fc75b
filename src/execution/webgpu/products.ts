// Matrix products on the graphics processor, over a stack. A thread sums four rows of four columns; where the results are
// few and the sums long, threads share them.

import type { TensorInfo } from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { OwnKernels } from '../own-kernels.ts';
import { each, lanesOf, reader, runProgram, writer } from './program.ts';
import { sharesOf, sumShares } from './sums.ts';

export function product(
  backend: WebGPUBackend,
  a: TensorInfo,
  b: TensorInfo,
  { transposeA, transposeB }: OwnKernels['Product']['attrs'],
): TensorInfo {
  const [stack, first, second] = a.shape;
  const [rows, terms] = transposeA ? [second, first] : [first, second];
  const columns = b.shape[transposeB ? 1 : 2];
  const [aLanes, bLanes, lanes] = [lanesOf(second), lanesOf(b.shape[2]), lanesOf(columns)];
  const tilesDown = Math.ceil(rows / 4);
  const tilesAcross = Math.ceil(columns / 4);
  const tiles = stack * tilesDown * tilesAcross;
  const shares = sharesOf(terms, tiles, 128);
  const share = 4 * Math.ceil(terms / shares / 4);
  const parts = runProgram(backend, {
    name: `product ${transposeA} ${transposeB}`,
    inputs: { a: { info: a, lanes: aLanes }, b: { info: b, lanes: bLanes } },
    integers: { rows, columns, terms, stack, tilesDown, tilesAcross, share },
    shape: [shares, stack, rows, columns],
    lanes,
    threads: tiles * shares,
    declarations: reader('readLeft', 'a', aLanes) + reader('readRight', 'b', bLanes) + writer(lanes),
    body: `
  let column = index % uniforms.tilesAcross * 4;
  let row = index / uniforms.tilesAcross % uniforms.tilesDown * 4;
  let layer = index / (uniforms.tilesAcross * uniforms.tilesDown);
  let matrix = layer % uniforms.stack;
  let rows = uniforms.rows;
  let columns = uniforms.columns;
  let terms = uniforms.terms;
  let aAt = matrix * rows * terms;
  let bAt = matrix * terms * columns;
${each(4, (r) => `  let row${r} = min(row + ${r}, rows - 1);\n  let column${r} = min(column + ${r}, columns - 1);\n  var sum${r} = vec4f();`)}
  let start = layer / uniforms.stack * uniforms.share;
  let end = min(terms, start + uniforms.share);
  for (var k = start; k < end; k += 4) {
    let left = terms - k;
${each(4, (i) => `    let term${i} = min(k + ${i}, terms - 1);`)}
${leftTile(transposeA)}
${transposeB ? timesColumns : timesRows}
  }
${each(4, (r) => `  if (row + ${r} < rows) { writeQuad((layer * rows + row + ${r}) * columns + column, columns - column, sum${r}); }`)}`,
  });
  return sumShares(backend, parts, [stack, rows, columns]);
}

/** Four terms of each row, zero past the last term; down the columns of a transposed factor. */
const leftTile = (transposed: boolean): string =>
  transposed
    ? `${each(4, (i) => `    let t${i} = select(vec4f(), readLeft(aAt + term${i} * rows + row, rows - row), left > ${i});`)}
${each(4, (r) => `    let a${r} = vec4f(t0.${'xyzw'[r]}, t1.${'xyzw'[r]}, t2.${'xyzw'[r]}, t3.${'xyzw'[r]});`)}`
    : each(4, (r) => `    let a${r} = readLeft(aAt + row${r} * terms + k, left);`);

/** Times four rows of the right factor. */
const timesRows = `
${each(4, (i) => `    let b${i} = readRight(bAt + term${i} * columns + column, columns - column);`)}
${each(4, (r) => `    sum${r} = sum${r} + a${r}.x * b0 + a${r}.y * b1 + a${r}.z * b2 + a${r}.w * b3;`)}`;

/** Times four columns of the right factor, which lie in it as rows. */
const timesColumns = `
${each(4, (i) => `    let b${i} = readRight(bAt + column${i} * terms + k, left);`)}
${each(4, (r) => `    sum${r} += vec4f(dot(a${r}, b0), dot(a${r}, b1), dot(a${r}, b2), dot(a${r}, b3));`)}`;
