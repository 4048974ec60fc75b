// What training is about: examples, data sets that stream, what a pass is asked to do and what it reports.

import type * as Tf from '@tensorflow/tfjs';
import type { HostArray, Network, Parameter } from '../execution/types.ts';
import type { Graph } from '../graph/types.ts';
import type { Problem } from '../lib/errors.ts';
import type { Random } from '../lib/random.ts';
import type { Gate } from './gate.ts';

// ---------------------------------------------------------------- data

/** Some examples, side by side. */
export interface Examples {
  /** One per network input, [count, …dims]; images as [count, channels, height, width]. */
  readonly inputs: readonly HostArray[];
  /**
   * One per network output; absent for examples without labels. Class numbers are int32 [count] (or [count, …] for a
   * class per position), everything else is float32 [count, …dims]: values, or probabilities of classes.
   */
  readonly targets?: readonly HostArray[];
}

/** A part of a data set, read a few examples at a time: nothing else need be in memory. */
export interface Split {
  readonly length: number;
  /** The examples at these positions, in this order; positions may repeat. */
  read(positions: ArrayLike<number>): Promise<Examples>;
}

/** Per channel: what was subtracted from the stored values (as 0 to 1), and what they were then divided by. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

export interface Dataset {
  readonly name: string;
  /** Of one example, per input. */
  readonly dims: readonly (readonly number[])[];
  /** Class names by number; empty where targets are no classes. */
  readonly classes: readonly string[];
  /** What `read` has applied; absent for values as they are stored. */
  readonly normalisation?: Normalisation;
  readonly train: Split;
  readonly validation: Split;
  readonly test: Split;
  /** Survivable findings: skipped files, rows that were cut short. */
  readonly problems?: readonly Problem[];
}

/** A file that is read piece by piece: a Blob in the page, a file handle in Node. */
export interface DataFile {
  /** With its folders, as dropped: `train/cat/001.png`. */
  readonly name: string;
  readonly size: number;
  /** Bytes `start` up to `end`, exclusive. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/**
 * Changes a batch before the network sees it: flips, shifts, noise, mixing. Mixing turns class numbers into
 * probabilities [count, classes].
 */
export type Augmentation = (batch: Examples, random: Random) => Examples;

// ---------------------------------------------------------------- what is asked

export type OptimizerName = 'sgd' | 'adam' | 'adamw';

export interface OptimizerOptions {
  readonly name: OptimizerName;
  /** SGD: fraction of the last update that goes on. */
  readonly momentum: number;
  /** SGD: look ahead along the momentum. */
  readonly nesterov: boolean;
  /** Adam: decay of the first and second moments. */
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Kernels and tables only; norms, biases and slopes never decay. Decoupled from the gradient in `adamw`. */
  readonly weightDecay: number;
}

/** How the learning rate goes from batch to batch, as a factor of `learningRate`. */
export type ScheduleOptions =
  | { readonly name: 'constant' }
  /** Down to `floor` along half a cosine. */
  | { readonly name: 'cosine'; readonly floor?: number }
  /** Times `factor` at each milestone, given as a fraction of the whole pass. */
  | { readonly name: 'step'; readonly milestones: readonly number[]; readonly factor: number }
  /** Up from 1/`start` to 1 over the fraction `rise`, then down to 1/(`start`·`end`), both along a cosine. */
  | { readonly name: 'one-cycle'; readonly rise?: number; readonly start?: number; readonly end?: number };

export type LossName = 'cross-entropy' | 'binary-cross-entropy' | 'mean-squared-error';

/** What one output is trained towards. */
export interface Objective {
  /** Name of the graph output. */
  readonly output: string;
  /** Position in `Examples.targets`. */
  readonly target: number;
  readonly loss: LossName;
  readonly weight: number;
}

/** Learning from another network's outputs (Hinton et al., arXiv 1503.02531). */
export interface Distillation {
  /** Usually the model as it was before pruning; it only runs, it is never changed. */
  readonly teacher: Network;
  /** Both sides' logits are divided by it. */
  readonly temperature: number;
  /** Share of the soft targets in the loss, 0 to 1; the labels have the rest. Without labels it is 1. */
  readonly share: number;
  /**
   * Intermediate values, by name, compared by where they attend to (arXiv 1612.03928): widths may differ. See
   * `recovery/features.ts`.
   */
  readonly features?: readonly string[];
  /** Weight of the features in the loss. */
  readonly featureWeight?: number;
}

export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly learningRate: number;
  readonly optimizer: OptimizerOptions;
  readonly schedule: ScheduleOptions;
  /** Epochs (fractions count) over which the learning rate rises linearly from 0 before the schedule begins. */
  readonly warmUp: number;
  /** Derived from the targets and the graph's last operators where absent. */
  readonly objectives?: readonly Objective[];
  /** Share of each class target that is spread over all classes (Szegedy et al., arXiv 1512.00567). */
  readonly labelSmoothing: number;
  /** Gradients are scaled down to this overall norm; 0: never. */
  readonly clipNorm: number;
  readonly augmentations: readonly Augmentation[];
  /** Constants or nodes, by name or pattern with `*`, whose weights stay as they are. */
  readonly frozen: readonly string[];
  /** Epochs without a better validation figure after which the pass ends; 0: never. */
  readonly patience: number;
  /** Restores the weights of the best epoch when the pass ends. Default: unless there is a penalty. */
  readonly keepBest: boolean;
  /** Examples of the validation split that are evaluated after each epoch; 0: none. */
  readonly validationExamples: number;
  readonly distillation?: Distillation;
  readonly penalty?: Penalty;
  /** The flag of the step before: a shut gate skips the pass and says so. Absent: the caller decides. */
  readonly gate?: Gate;
  /** Goes on from a checkpoint of a pass with the same options. */
  readonly resume?: Checkpoint;
  /** Ends the pass within one batch, with a result (`return()` on the generator does so without one). */
  readonly signal?: AbortSignal;
}

/** Drives the weights of channels that matter least towards zero while training; see `sparsity.ts`. */
export interface Penalty {
  readonly name: string;
  /** Batches between two looks at the weights. */
  readonly every: number;
  /** Measures the channels anew. `epochs`: those that ended since the last look. */
  look(graph: Graph, epochs: number): void;
  /** What to add to the gradient of a parameter, in its own order; inside `tf.tidy`. */
  gradient(parameter: Parameter, tf: typeof Tf): Tf.Tensor | undefined;
  /** Everything it remembers, for a checkpoint. */
  save(): Float32Array;
  restore(saved: Float32Array): void;
}

// ---------------------------------------------------------------- what is reported

export interface Evaluation {
  readonly loss: number;
  /** Share of examples whose most probable class is the right one; absent where targets are no classes. */
  readonly accuracy?: number;
  readonly examples: number;
}

/** Shaders of the pass are ready; before anything else, on backends that compile such. */
export interface CompilingEvent {
  readonly kind: 'compiling';
  readonly done: number;
  readonly of: number;
  /** Since the first of them was asked for. */
  readonly milliseconds: number;
}

/** Before the first batch of a pass that does not resume one. */
export interface StartEvent {
  readonly kind: 'start';
  readonly epochs: number;
  /** Batches per epoch. */
  readonly batches: number;
  /** How good the network is before the pass. */
  readonly validation?: Evaluation;
}

/** A batch of validation examples is done; between epochs. */
export interface ValidatingEvent {
  readonly kind: 'validating';
  readonly done: number;
  readonly of: number;
}

export interface BatchEvent {
  readonly kind: 'batch';
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Within the epoch, from 0. */
  readonly batch: number;
  readonly batches: number;
  /** Batches of the pass so far, this one included. */
  readonly total: number;
  readonly examples: number;
  readonly loss: number;
  readonly accuracy?: number;
  readonly learningRate: number;
  /** Norm of all gradients together, before clipping. */
  readonly gradientNorm?: number;
  /** The state after this batch; ask before pulling the next event. */
  checkpoint(): Promise<Checkpoint>;
}

export interface EpochEvent {
  readonly kind: 'epoch';
  readonly epoch: number;
  readonly epochs: number;
  readonly total: number;
  /** Means over the epoch's batches. */
  readonly loss: number;
  readonly accuracy?: number;
  readonly validation?: Evaluation;
  /** Whether this is the best epoch so far. */
  readonly best: boolean;
  checkpoint(): Promise<Checkpoint>;
}

export type TrainingEvent = CompilingEvent | StartEvent | BatchEvent | ValidatingEvent | EpochEvent;

/** What every step that may change a network's weights says about itself. */
export interface Change {
  /** Whether any weight differs from before. */
  readonly changed: boolean;
  /** One sentence for a person: what was done, or why nothing was. */
  readonly message: string;
}

export interface TrainingResult extends Change {
  readonly outcome: 'completed' | 'stopped' | 'early-stopped' | 'diverged' | 'skipped';
  readonly epochs: number;
  readonly batches: number;
  /** On validation examples: as the pass began, and with the best weights. */
  readonly before?: Evaluation;
  readonly best?: Evaluation;
}

/** A training pass at rest: plain data, bytes by `encodeCheckpoint`. */
export interface Checkpoint {
  readonly seed: number;
  readonly epoch: number;
  /** Batches of the epoch that are done. */
  readonly batch: number;
  readonly total: number;
  /** In execution layout, by name of the constant. */
  readonly weights: ReadonlyMap<string, SavedTensor>;
  /** Moments and velocities, as the optimiser names them. */
  readonly optimizer: ReadonlyMap<string, SavedTensor>;
  /** How good the network was as the pass began. */
  readonly before?: Evaluation;
  readonly best?: Best;
  readonly running: Running;
  readonly penalty?: Float32Array;
}

/** Figures that grow from batch to batch. */
export interface Running {
  /** Sums over the epoch so far; `right` counts right answers. */
  readonly loss: number;
  readonly right: number;
  readonly examples: number;
  /** What divergence is judged by: the loss of a network that knows nothing, and the recent average. */
  readonly normalLoss: number;
  readonly averageLoss: number;
}

/** The epoch that was best so far; -1: as the pass began. */
export interface Best {
  readonly epoch: number;
  readonly evaluation: Evaluation;
  readonly weights: ReadonlyMap<string, SavedTensor>;
}

export interface SavedTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}
