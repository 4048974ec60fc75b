// What criteria cannot read off the weights: gradients and activations over a calibration set, in the element order of
// the graph's own constants. Normalisations use their running statistics, dropout is off, nothing is changed.

import type * as Tf from '@tensorflow/tfjs';
import { unpermute } from '../execution/transfer.ts';
import type { Network, Parameter } from '../execution/types.ts';
import { resultOf } from '../lib/progress.ts';
import type { EvidenceKind, Gradients } from '../pruning/criteria/criterion.ts';
import type { ProvidedEvidence } from '../pruning/pruner.ts';
import { Aim, type AimOptions, disposeBatch } from './aim.ts';
import { Breath } from './breath.ts';
import { kernelReaders } from './readers.ts';
import { samplePositions, streamAt } from './streams.ts';
import { inputTensors } from './tensors.ts';
import type { Examples, Split } from './types.ts';

export interface EvidenceOptions extends AimOptions {
  /** How many examples to look at, drawn by `seed`. Default 128. */
  readonly examples?: number;
  readonly seed?: number;
}

export interface EvidenceProgress {
  readonly done: number;
  readonly of: number;
}

/** Examples between two reports; few, because all activations of a large network are held at once. */
const STRIDE = 4;

/**
 * Collects what a criterion `needs` (its own declaration); nothing where the weights are enough. Gradients have an element
 * for each of their constant, in its own order; activations one for each output channel of the node that reads a kernel.
 * @throws ModelError `no-labels` where gradients are wanted of examples without labels, and no teacher stands in
 */
export async function collectEvidence(
  network: Network,
  split: Split,
  needs: readonly EvidenceKind[],
  options: EvidenceOptions = {},
): Promise<ProvidedEvidence> {
  return resultOf(collectingEvidence(network, split, needs, options));
}

/** The same with reports: pause by not pulling, stop by `return()`. */
export async function* collectingEvidence(
  network: Network,
  split: Split,
  needs: readonly EvidenceKind[],
  options: EvidenceOptions = {},
): AsyncGenerator<EvidenceProgress, ProvidedEvidence, void> {
  const { examples = 128, seed = 0 } = options;
  const wantsGradients = needs.includes('gradients');
  const wantsActivations = needs.includes('activations');
  if (!wantsGradients && !wantsActivations) return {};
  const order = samplePositions(streamAt(seed, 'calibration'), split.length, examples);
  const aim = wantsGradients ? new Aim(network, await split.read([0]), options) : undefined;
  const gradients = aim && new GradientSums(network, aim);
  const activations = wantsActivations ? new ActivationSums(network) : undefined;
  const breath = new Breath();
  try {
    for (let start = 0; start < order.length; start += STRIDE) {
      const positions = order.subarray(start, start + STRIDE);
      activations?.add(await split.read(positions));
      // The square of a batch's gradient is not the mean of its examples' squares: each goes alone.
      if (gradients) for (const position of positions) gradients.add(await split.read([position]));
      await gradients?.settle();
      await breath.take();
      yield { done: start + positions.length, of: order.length };
    }
    return {
      ...(gradients ? { gradients: await gradients.means() } : {}),
      ...(activations ? { activations: await activations.means() } : {}),
    };
  } finally {
    gradients?.dispose();
    activations?.dispose();
  }
}

/** Running sums on the device, by name of the constant. */
class Sums {
  readonly tensors = new Map<string, Tf.Tensor>();
  private readonly tf: typeof Tf;

  constructor(tf: typeof Tf) {
    this.tf = tf;
  }

  add(name: string, value: Tf.Tensor): void {
    const before = this.tensors.get(name);
    const after = before ? this.tf.add(before, value) : this.tf.clone(value);
    before?.dispose();
    this.tensors.set(name, this.tf.keep(after));
  }

  async mean(name: string, count: number): Promise<Float32Array> {
    const sums = (await this.tensors.get(name)?.data()) ?? new Float32Array();
    return Float32Array.from(sums, (sum) => sum / count);
  }

  dispose(): void {
    this.tf.dispose([...this.tensors.values()]);
    this.tensors.clear();
  }
}

class GradientSums {
  private readonly network: Network;
  private readonly aim: Aim;
  private readonly parameters: readonly Parameter[];
  private readonly sums: Sums;
  private readonly squares: Sums;
  private count = 0;

  constructor(network: Network, aim: Aim) {
    this.network = network;
    this.aim = aim;
    this.parameters = [...network.parameters.values()].filter(({ trainable }) => trainable);
    this.sums = new Sums(network.backend.tf);
    this.squares = new Sums(network.backend.tf);
  }

  /** One example. */
  add(example: Examples): void {
    const { tf } = this.network.backend;
    const batch = this.aim.bring(example);
    const { value, grads } = tf.variableGrads(
      () => this.aim.measure(batch, { training: false }).loss,
      this.parameters.map(({ variable }) => variable),
    );
    tf.tidy(() => {
      for (const { name, variable } of this.parameters) {
        const gradient = grads[variable.name];
        if (!gradient) continue;
        this.sums.add(name, gradient);
        this.squares.add(name, tf.square(gradient));
      }
    });
    tf.dispose([value, ...Object.values(grads)]);
    disposeBatch(tf, batch);
    this.count++;
  }

  /** Waits for the device, so that its queue (and the memory that hangs on it) stays short. */
  async settle(): Promise<void> {
    const [sum] = this.sums.tensors.values();
    await sum?.data();
  }

  async means(): Promise<Map<string, Gradients>> {
    const means = new Map<string, Gradients>();
    for (const parameter of this.parameters) {
      if (!this.sums.tensors.has(parameter.name)) continue;
      means.set(parameter.name, {
        mean: this.stated(parameter, await this.sums.mean(parameter.name, this.count)),
        square: this.stated(parameter, await this.squares.mean(parameter.name, this.count)),
      });
    }
    return means;
  }

  private stated({ name, order }: Parameter, elements: Float32Array): Float32Array {
    return unpermute(elements, this.network.graph.tensors.get(name)!.dims, order);
  }

  dispose(): void {
    this.sums.dispose();
    this.squares.dispose();
  }
}

class ActivationSums {
  private readonly network: Network;
  private readonly readers: ReturnType<typeof kernelReaders>;
  private readonly sums: Sums;
  private count = 0;

  constructor(network: Network) {
    this.network = network;
    this.readers = kernelReaders(network);
    this.sums = new Sums(network.backend.tf);
  }

  add(examples: Examples): void {
    const { network } = this;
    const { tf } = network.backend;
    const count = examples.inputs[0].dims[0];
    const inputs = inputTensors(network, examples);
    tf.tidy(() => {
      const values = network.forward(inputs, { wanted: this.readers.map(({ output }) => output) });
      for (const { kernel, output, channelAxis } of this.readers) {
        const value = values[output];
        const others = [...value.shape.keys()].filter((axis) => axis !== channelAxis(value.rank));
        this.sums.add(kernel, tf.mul(tf.mean(tf.abs(value), others), count));
      }
    });
    tf.dispose(inputs);
    this.count += count;
  }

  async means(): Promise<Map<string, Float32Array>> {
    const means = new Map<string, Float32Array>();
    for (const { kernel } of this.readers) means.set(kernel, await this.sums.mean(kernel, this.count));
    return means;
  }

  dispose(): void {
    this.sums.dispose();
  }
}
