// Least-squares reconstruction: the layer behind a cut is given the weights with which, from the channels that are left,
// it comes closest to what it said before (He et al., "Channel Pruning for Accelerating Very Deep Neural Networks",
// arXiv 1707.06168, eq. 4). Layer by layer from the input on, on any images, without labels or gradients.
// Grouped, depthwise and transposed convolutions and recurrent layers are left as they are.

import type * as Tf from '@tensorflow/tfjs';
import type { Analysis } from '../../analysis/types.ts';
import type { Network, Parameter } from '../../execution/types.ts';
import type { Graph } from '../../graph/types.ts';
import { resultOf } from '../../lib/progress.ts';
import type { Random } from '../../lib/random.ts';
import type { NodeView } from '../../ops/op.ts';
import { type WindowAttrs, windowsOf } from '../../ops/windows.ts';
import { Breath } from '../breath.ts';
import type { Gate } from '../gate.ts';
import { type KernelReader, kernelReaders } from '../readers.ts';
import { samplePositions, streamAt } from '../streams.ts';
import { comfortableBatch, inputTensors } from '../tensors.ts';
import type { Change, Examples, Split } from '../types.ts';
import { LeastSquares } from './least-squares.ts';
import { convolutionRows, productRows, type Rows } from './patches.ts';

export interface ReconstructOptions {
  /** How many examples to look at, drawn by `seed`. Default 256. */
  readonly examples?: number;
  readonly batchSize?: number;
  /** Output positions of a convolution that are looked at in each example. Default 24. */
  readonly places?: number;
  /** Holds the weights near where they are, as a share of each input's energy. Default 0.01. */
  readonly ridge?: number;
  readonly seed?: number;
  /** The flag of the step before: a shut gate skips the work and says so. */
  readonly gate?: Gate;
}

export interface ReconstructProgress {
  /** Layers. */
  readonly done: number;
  readonly of: number;
  /** Of the layer just done. */
  readonly layer?: string;
}

/** Where the pruned network's channels were in the original; a `MetaPruner` is one. */
export interface Cuts {
  readonly analysis: Analysis;
  changedAxes(): Iterable<{
    readonly tensor: string;
    readonly axis: number;
    readonly original: Int32Array;
  }>;
}

/** A layer whose inputs were cut, as a product of a table with a matrix. */
interface Layer extends KernelReader {
  readonly parameter: Parameter;
  readonly bias: Parameter | undefined;
  /** Axes of the constant so that the matrix [taps · inputs, outputs] is its elements in this order. */
  readonly asMatrix: readonly number[];
  /** Which outputs of the original layer are left. */
  readonly outputs: Int32Array | undefined;
  readonly rows: (tf: typeof Tf, x: Tf.Tensor, y: Tf.Tensor, random: Random) => Rows;
}

/**
 * Reconstructs every layer behind a cut, in place: its kernel [taps · inputs, outputs] becomes the ridge regression of
 * what the layer of `original` said on the inputs that are left. Both networks must live on one backend.
 * @param cuts the pruner that made `network` of `original`
 */
export async function reconstruct(
  network: Network,
  original: Network,
  cuts: Cuts,
  split: Split,
  options: ReconstructOptions = {},
): Promise<Change> {
  return resultOf(reconstructing(network, original, cuts, split, options));
}

/** The same layer by layer; `return()` leaves the layers that are not done yet as they were. */
export async function* reconstructing(
  network: Network,
  original: Network,
  cuts: Cuts,
  split: Split,
  options: ReconstructOptions = {},
): AsyncGenerator<ReconstructProgress, Change, void> {
  const { gate, places = 24 } = options;
  if (gate && !gate.open) return { changed: false, message: gate.message };
  const layers = layersBehind(network, cuts, places);
  if (layers.length === 0)
    return {
      changed: false,
      message: 'No layer that could be fitted stands behind a cut, so nothing was reconstructed.',
    };
  let fitted = 0;
  let left = 0;
  for (const [done, layer] of layers.entries()) {
    const rest = await refit(network, original, layer, split, options);
    if (rest !== undefined) {
      fitted++;
      left += rest;
    }
    yield { done: done + 1, of: layers.length, layer: layer.node.name };
  }
  if (fitted === 0)
    return { changed: false, message: 'Every layer behind a cut is already as close as it can be.' };
  const percent = Math.round((1 - left / fitted) * 100);
  return {
    changed: true,
    message: `Reconstructed ${fitted === 1 ? 'one layer' : `${fitted} layers`} behind the cuts: on average ${percent} % of the squared error at their outputs is gone.`,
  };
}

function layersBehind(network: Network, cuts: Cuts, places: number): Layer[] {
  const originals = new Map(
    [...cuts.changedAxes()].map(({ tensor, axis, original }) => [`${tensor}:${axis}`, original] as const),
  );
  const position = new Map(network.graph.nodes.map(({ id }, i) => [id, i] as const));
  return kernelReaders(network)
    .flatMap((reader) => {
      const layer = layerOf(network, cuts.analysis, reader, places);
      if (!layer || !originals.has(`${reader.kernel}:${layer.inAxis}`)) return [];
      return [{ ...layer, outputs: originals.get(`${reader.kernel}:${layer.outAxis}`) }];
    })
    .sort((a, b) => position.get(a.node.id)! - position.get(b.node.id)!);
}

type Found = Omit<Layer, 'outputs'> & { readonly inAxis: number; readonly outAxis: number };

function layerOf(
  network: Network,
  analysis: Analysis,
  reader: KernelReader,
  places: number,
): Found | undefined {
  const { node, kernel } = reader;
  // A constant that reaches its node rearranged is another matrix than the one stored.
  const parameter = network.parameters.get(kernel);
  if (node.inputs[1] !== kernel || !parameter) return undefined;
  const bound = analysis.view(node.id);
  const { dims } = network.graph.tensors.get(kernel)!;
  const found = { ...reader, parameter, bias: biasOf(network, node.inputs[2]) };
  if (node.op === 'Conv' && bound && Number(node.attributes.group ?? 1) === 1) {
    const view = bound.view as NodeView<WindowAttrs>;
    return {
      ...found,
      inAxis: 1,
      outAxis: 0,
      asMatrix: [...dims.keys()].slice(2).concat(1, 0),
      rows: (tf, x, y, random) =>
        convolutionRows(tf, x, y, windowsOf(view, x.shape.slice(2), dims.slice(2)), places, random),
    };
  }
  const plain = dims.length === 2 && Number(node.attributes.alpha ?? 1) === 1 && !node.attributes.transA;
  if ((node.op !== 'Gemm' && node.op !== 'MatMul') || !plain) return undefined;
  const outFirst = Boolean(node.attributes.transB);
  return {
    ...found,
    inAxis: outFirst ? 1 : 0,
    outAxis: outFirst ? 0 : 1,
    asMatrix: outFirst ? [1, 0] : [0, 1],
    rows: productRows,
  };
}

const biasOf = ({ parameters, graph }: Network, name: string | undefined): Parameter | undefined =>
  name !== undefined && isVector(graph, name) ? parameters.get(name) : undefined;

const isVector = (graph: Graph, name: string): boolean => graph.tensors.get(name)?.dims.length === 1;

/** Share of the squared error that is left; `undefined` when the layer could not be made better. */
async function refit(
  network: Network,
  original: Network,
  layer: Layer,
  split: Split,
  options: ReconstructOptions,
): Promise<number | undefined> {
  const { examples = 256, batchSize = comfortableBatch(network.graph, 32), ridge = 0.01, seed = 0 } = options;
  const { tf } = network.backend;
  const order = samplePositions(streamAt(seed, 'calibration'), split.length, examples);
  const fit = new LeastSquares(tf);
  const breath = new Breath();
  try {
    for (let start = 0; start < order.length; start += batchSize) {
      await breath.take();
      const batch = await split.read(order.subarray(start, start + batchSize));
      addRows(network, original, layer, batch, fit, streamAt(seed, 'calibration', start));
    }
    const { solution, left } = await fit.solve(ridge);
    const better = Number.isFinite(left) && left < 1;
    if (better) apply(tf, layer, solution);
    solution.dispose();
    return better ? left : undefined;
  } finally {
    fit.dispose();
  }
}

function addRows(
  network: Network,
  original: Network,
  layer: Layer,
  examples: Examples,
  fit: LeastSquares,
  random: Random,
): void {
  const { tf } = network.backend;
  const inputs = inputTensors(network, examples);
  tf.tidy(() => {
    const present = network.forward(inputs, { wanted: [layer.input, layer.output] });
    const wanted = original.forward(inputs, { wanted: [layer.output] })[layer.output];
    const axis = layer.channelAxis(wanted.rank);
    const left = layer.outputs ? tf.gather(wanted, tf.tensor1d(layer.outputs, 'int32'), axis) : wanted;
    const error = tf.sub(left, present[layer.output]);
    const { x, y } = layer.rows(tf, present[layer.input], error, random);
    fit.add(layer.bias ? (tf.concat([x, tf.ones([x.shape[0], 1])], 1) as Tf.Tensor2D) : x, y);
  });
  tf.dispose(inputs);
}

/** Adds the solution to the layer's weights and bias. */
function apply(tf: typeof Tf, { parameter, bias, asMatrix }: Layer, solution: Tf.Tensor2D): void {
  tf.tidy(() => {
    const { variable, order } = parameter;
    const stated = order.map((_, axis) => variable.shape[order.indexOf(axis)]);
    const inputs = solution.shape[0] - (bias ? 1 : 0);
    const kernel = tf.reshape(
      tf.slice(solution, [0, 0], [inputs, -1]),
      asMatrix.map((axis) => stated[axis]),
    );
    const own = tf.transpose(
      kernel,
      order.map((axis) => asMatrix.indexOf(axis)),
    );
    variable.assign(tf.add(variable, own) as Tf.Tensor);
    if (bias) bias.variable.assign(tf.add(bias.variable, tf.reshape(tf.slice(solution, [inputs, 0]), [-1])));
  });
}
