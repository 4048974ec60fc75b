// The header of an NPY file: what is stored where. Arrays of Python objects and of structures are refused.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import { elementCount } from '../../graph/tensor.ts';
import { counted } from '../../lib/text.ts';
import type { DataFile } from '../types.ts';
import { type Element, isReadable } from './elements.ts';
import { dataView, readExactly } from './files/data-file.ts';
import { AGAIN, refuse } from './files/refuse.ts';

/** Header length announced by damaged files can be anything; real ones have a hundred bytes. */
const HEADER_LIMIT = 2 ** 16;

/** An array in a file: what is stored where. */
export interface NpyArray {
  readonly file: DataFile;
  readonly element: Element;
  readonly boolean: boolean;
  readonly dims: readonly number[];
  readonly offset: number;
}

/** @throws ModelError `wrong-data` */
export async function readNpyHeader(file: DataFile): Promise<NpyArray> {
  const start = await readExactly(file, 0, Math.min(12, file.size));
  const magic = new TextDecoder('latin1').decode(start.subarray(1, 6));
  if (start.length < 12 || start[0] !== 0x93 || magic !== 'NUMPY')
    throw refuse(file.name, 'is no NPY file: it does not begin with "\\x93NUMPY".', AGAIN);
  const long = start[6] > 1;
  const length = long ? dataView(start).getUint32(8, true) : dataView(start).getUint16(8, true);
  const offset = (long ? 12 : 10) + length;
  if (length > HEADER_LIMIT)
    throw refuse(file.name, 'has a header that is too long to be one; it is damaged.', AGAIN);
  const header = new TextDecoder().decode(await readExactly(file, long ? 12 : 10, offset));
  const dims = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(header)?.[1].match(/\d+/g)?.map(Number);
  const type = /'descr'\s*:\s*'([<>=|]?)(\w)(\d+)'/.exec(header);
  if (!dims || dims.length === 0 || !type)
    throw refuse(
      file.name,
      /'descr'\s*:\s*\[/.test(header)
        ? 'holds records of several fields, which are not read.'
        : 'holds no array of examples: its header names no shape or no type.',
      'Save one plain array of numbers per file, the first axis counting the examples.',
    );
  const array = { file, ...elementOf(file.name, type), dims, offset };
  if (/'fortran_order'\s*:\s*True/.test(header) && dims.filter((dim) => dim > 1).length > 1)
    throw refuse(file.name, 'is stored column by column.', 'Save it with numpy.ascontiguousarray.');
  const size = offset + elementCount(dims) * array.element.size;
  if (size !== file.size)
    throw refuse(
      file.name,
      `announces an array of ${dims.join('×')}, ${counted(size)} bytes in all, and has ${counted(file.size)}; it is ${
        file.size < size ? 'truncated' : 'damaged'
      }.`,
      AGAIN,
    );
  if (elementCount(dims) === 0) throw refuse(file.name, `holds an empty array (${dims.join('×')}).`);
  return array;
}

function elementOf(
  name: string,
  [, order, letter, digits]: RegExpExecArray,
): { element: Element; boolean: boolean } {
  const kind = { b: 'uint', u: 'uint', i: 'int', f: 'float' }[letter] as Element['kind'] | undefined;
  const element = kind && { kind, size: Number(digits), littleEndian: order !== '>' };
  if (!element || !isReadable(element))
    throw refuse(
      name,
      letter === 'O'
        ? 'holds Python objects, which only Python can read.'
        : `holds elements of type "${letter}${digits}", which are no real numbers.`,
      'Save it as an array of floats or integers.',
    );
  return { element, boolean: letter === 'b' };
}
