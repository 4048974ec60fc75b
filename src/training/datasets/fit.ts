// A data set as a network's inputs want it: channels, size, normalisation and axis order. What can be done without
// guessing is done and said; what cannot is refused with what the two sides have.

import type { HostArray } from '../../execution/types.ts';
import { elementCount, isInteger } from '../../graph/tensor.ts';
import type { Dim, ValueInfo } from '../../graph/types.ts';
import { ModelError, type Problem } from '../../lib/errors.ts';
import { resizePlanes, toChannels } from '../resample.ts';
import type { Dataset, Normalisation, Split } from '../types.ts';
import { checkNormalisation, normalise } from './normalisation.ts';

export interface FitOptions {
  /** Applied to values as stored (pictures: 0 to 1), per channel of the network's input. */
  readonly normalisation?: Normalisation;
  /** The network's outputs, to check that it knows all classes. */
  readonly outputs?: readonly ValueInfo[];
}

/** Changes a batch of one input, [count, …dims]. */
type Change = (batch: HostArray) => HostArray;

interface Fit {
  readonly dims: readonly number[];
  readonly changes: readonly Change[];
  /** Complete `Pictures are …` sentences. */
  readonly notes: readonly string[];
}

/**
 * The data set for the inputs of a graph, whose first axis counts the examples. Pictures are resized, grey repeated to
 * colours or colours weighed to grey, planes interleaved or flattened, as each input declares; `problems` say so.
 * @throws ModelError `data-mismatch` saying what does not fit
 */
export function fitTo(
  dataset: Dataset,
  inputs: readonly ValueInfo[],
  { normalisation, outputs = [] }: FitOptions = {},
): Dataset {
  if (inputs.length !== dataset.dims.length)
    throw mismatch(
      dataset.name,
      `The network has ${inputs.length} inputs (${inputs.map(({ name }) => name).join(', ')}), and an example of "${dataset.name}" ${dataset.dims.length}.`,
      'Open data with one array per input.',
    );
  checkClasses(dataset, outputs);
  const fits = inputs.map((input, i) => fitOf(dataset, dataset.dims[i], input, normalisation));
  const problems: Problem[] = fits.flatMap(({ notes }, i) =>
    notes.map((message) => ({ code: 'data-fitted', where: inputs[i].name, message })),
  );
  const fitted = (split: Split): Split => ({
    length: split.length,
    async read(positions) {
      const examples = await split.read(positions);
      const apply = (batch: HostArray, i: number) => fits[i].changes.reduce((b, change) => change(b), batch);
      return { ...examples, inputs: examples.inputs.map(apply) };
    },
  });
  return {
    ...dataset,
    dims: fits.map(({ dims }) => dims),
    ...(normalisation ? { normalisation } : {}),
    train: fitted(dataset.train),
    validation: fitted(dataset.validation),
    test: fitted(dataset.test),
    problems: [...(dataset.problems ?? []), ...problems],
  };
}

const mismatch = (where: string, message: string, hint: string): ModelError =>
  new ModelError({ code: 'data-mismatch', where, message, hint });

function checkClasses({ name, classes }: Dataset, [output]: readonly ValueInfo[]): void {
  const known = output?.dims?.at(-1);
  if (output?.dims?.length !== 2 || typeof known !== 'number' || known === 1 || classes.length <= known)
    return;
  throw mismatch(
    name,
    `"${name}" has ${classes.length} classes, and the network tells ${known} apart.`,
    'Open the data that the network was trained for.',
  );
}

function fitOf(
  dataset: Dataset,
  dims: readonly number[],
  input: ValueInfo,
  normalisation: Normalisation | undefined,
): Fit {
  const wanted = input.dims?.slice(1);
  const fit = wanted ? shapeFit(dims, wanted) : { dims, picture: [], notes: [] };
  if (!fit)
    throw mismatch(
      dataset.name,
      `The network's input "${input.name}" takes ${wanted!.join('×')} values per example, "${dataset.name}" has ${dims.join('×')}.`,
      'Open data of that shape.',
    );
  if (normalisation) checkNormalisation(normalisation, fit.beforeOrder ?? fit.dims);
  const changes: Change[] = [...fit.picture];
  if (normalisation) changes.push((batch) => normalise(batch, normalisation));
  if (fit.order) changes.push(fit.order);
  if (isInteger(input.dtype)) changes.push((batch) => whole(batch, dataset.name, input));
  return { dims: fit.dims, changes, notes: fit.notes };
}

interface ShapeFit {
  /** What an example looks like in the end. */
  readonly dims: readonly number[];
  /** The same before `order`, with channels first. */
  readonly beforeOrder?: readonly number[];
  /** On [count, channels, height, width]. */
  readonly picture: readonly Change[];
  /** From channels first to what the network reads. */
  readonly order?: Change;
  readonly notes: readonly string[];
}

/** `undefined` where the two do not go together. */
function shapeFit(dims: readonly number[], wanted: readonly Dim[]): ShapeFit | undefined {
  const equal =
    dims.length === wanted.length && wanted.every((dim, i) => typeof dim === 'string' || dim === dims[i]);
  if (dims.length === 3) {
    if (wanted.length === 3) return pictureFit(dims, wanted) ?? (equal ? asItIs(dims) : undefined);
    if (wanted.length === 2) return planeFit(dims, wanted);
    if (wanted.length === 1) return flatFit(dims, wanted[0]);
    return undefined;
  }
  if (equal) return asItIs(dims);
  const sizes = wanted.filter((dim) => typeof dim === 'number');
  if (dims.length !== 1 || sizes.length !== wanted.length || elementCount(sizes) !== dims[0])
    return undefined;
  const planes = sizes.length === 3 && channelsLast(sizes, sizes[2]) ? [sizes[2], sizes[0], sizes[1]] : sizes;
  const shaped: Change = ({ dims: [count], data }) => ({ dims: [count, ...planes], data });
  return planes === sizes
    ? { dims: sizes, picture: [shaped], notes: [] }
    : { dims: sizes, beforeOrder: planes, picture: [shaped], order: interleave, notes: [] };
}

const asItIs = (dims: readonly number[]): ShapeFit => ({ dims, picture: [], notes: [] });

const isChannels = (dim: Dim): boolean => dim === 1 || dim === 3 || dim === 4;

/** Whether [a, b, c] are height, width and channels rather than channels, height and width. */
function channelsLast([first, , last]: readonly Dim[], channels: number): boolean {
  if (isChannels(first) && isChannels(last)) return last === channels && first !== channels;
  return isChannels(last);
}

function pictureFit(dims: readonly number[], wanted: readonly Dim[]): ShapeFit | undefined {
  const last = channelsLast(wanted, dims[0]);
  const [channels, height, width] = last ? [wanted[2], wanted[0], wanted[1]] : wanted;
  if (!isChannels(channels) || !isChannels(dims[0])) return undefined;
  const planes = planesFit(dims, [channels, height, width]);
  if (!planes || !last) return planes;
  const [c, h, w] = planes.dims;
  return { ...planes, dims: [h, w, c], beforeOrder: planes.dims, order: interleave };
}

function planeFit(dims: readonly number[], [height, width]: readonly Dim[]): ShapeFit | undefined {
  const planes = planesFit(dims, [1, height, width]);
  return planes && flattened(planes, planes.dims.slice(1));
}

/** A network that reads a list: of this picture's values, or those of a square one of another size. */
function flatFit(dims: readonly number[], wanted: Dim): ShapeFit | undefined {
  const size = elementCount(dims);
  if (typeof wanted === 'string' || wanted === size) return flattened({ ...asItIs(dims) }, [size]);
  for (const channels of [dims[0], 1]) {
    const side = Math.sqrt(wanted / channels);
    const planes = Number.isInteger(side) ? planesFit(dims, [channels, side, side]) : undefined;
    if (planes) return flattened(planes, [wanted]);
  }
  return undefined;
}

const flattened = (planes: ShapeFit, dims: readonly number[]): ShapeFit => ({
  ...planes,
  dims,
  beforeOrder: planes.dims,
  order: ({ dims: [count], data }) => ({ dims: [count, ...dims], data }),
});

/** Channels and size; symbols take what the data has. */
function planesFit(
  [channels, height, width]: readonly number[],
  wanted: readonly Dim[],
): ShapeFit | undefined {
  const [c, h, w] = wanted.map((dim, i) => (typeof dim === 'number' ? dim : [channels, height, width][i]));
  const picture: Change[] = [];
  const notes: string[] = [];
  if (c !== channels) {
    if (channels !== 1 && !(channels === 3 && c === 1)) return undefined;
    notes.push(
      channels === 1 ? `Grey pictures are given to all ${c} channels.` : 'Pictures are turned to grey.',
    );
    picture.push(eachPicture([c, height, width], (planes) => toChannels(planes, channels, c)));
  }
  if (h !== height || w !== width) {
    notes.push(`Pictures are resized from ${height}×${width} to the network's ${h}×${w}.`);
    picture.push(eachPicture([c, h, w], (planes) => resizePlanes(planes, c, [height, width], [h, w])));
  }
  return { dims: [c, h, w], picture, notes };
}

/** Applies `change` to the values of each example. */
function eachPicture(dims: readonly number[], change: (planes: Float32Array) => Float32Array): Change {
  const size = elementCount(dims);
  return ({ dims: [count], data }) => {
    const out = new Float32Array(count * size);
    const from = data.length / count;
    for (let i = 0; i < count; i++)
      out.set(change(Float32Array.from(data.subarray(i * from, (i + 1) * from))), i * size);
    return { dims: [count, ...dims], data: out };
  };
}

/** [count, channels, height, width] to [count, height, width, channels]. */
function interleave({ dims: [count, channels, height, width], data }: HostArray): HostArray {
  const out = new Float32Array(data.length);
  const area = height * width;
  for (let i = 0, at = 0; i < count; i++)
    for (let pixel = 0; pixel < area; pixel++)
      for (let c = 0; c < channels; c++) out[at++] = data[(i * channels + c) * area + pixel];
  return { dims: [count, height, width, channels], data: out };
}

function whole({ dims, data }: HostArray, name: string, input: ValueInfo): HostArray {
  for (let i = 0; i < data.length; i++)
    if (!Number.isInteger(data[i]))
      throw mismatch(
        name,
        `The network's input "${input.name}" takes whole numbers, and "${name}" has ${data[i]}.`,
        'Open data of whole numbers, without normalisation.',
      );
  return { dims, data: Int32Array.from(data) };
}
