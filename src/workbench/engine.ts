// The one interface between the product and whoever drives it: the page (through a Worker), the command line and
// tests (in process). Everything that crosses it is plain data; weights stay on the engine's side.
// An engine holds one session. It tells what changed by sending a new `SessionState` to its listener; what a state is
// made of is in `state.ts`, and exported from here too.

import type { CouplingStep } from '../analysis/types.ts';
import type { BackendName } from '../execution/types.ts';
import type { Normalizer } from '../pruning/criteria/normalizers.ts';
import type { Reduction } from '../pruning/criteria/reductions.ts';
import type { LayerSet, ScopeName, Target } from '../pruning/options.ts';
import type { ScheduleName } from '../pruning/schedule.ts';
import type { DataOptions as ReaderOptions } from '../training/datasets/reader.ts';
import type { Change, Evaluation, Normalisation, ScheduleOptions } from '../training/types.ts';
import type { Drawing, SessionState, TrainingPoint } from './state.ts';

export type * from './state.ts';

// ---------------------------------------------------------------- files

export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A file that its owner has not read yet: a `Blob` crosses to a worker uncopied. The name has its folders: `cat/001.png`. */
export interface NamedBlob {
  readonly name: string;
  readonly blob: Blob;
}

export type DroppedFile = NamedFile | NamedBlob;

export interface DataOptions extends Omit<ReaderOptions, 'decode'> {
  /** Of stored values as 0 to 1; absent: what the model's own notes say. */
  readonly normalisation?: Normalisation | undefined;
}

/** An example as a picture, for a person to check what the network will see. */
export interface DataSample {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4]: RGBA, row by row. */
  readonly bytes: Uint8Array;
  readonly label?: string;
}

/** What the network says about an example. */
export interface Answer {
  /** Of the first output, as the network gives them. */
  readonly outputs: readonly number[];
  /** The class with the greatest output, and whether it is the right one; absent where outputs are no classes. */
  readonly label?: string;
  readonly right?: boolean;
}

// ---------------------------------------------------------------- pruning

export interface StepOptions {
  /** Fraction of channels to remove in all, 0 to 1, reached over `steps` steps. */
  readonly ratio: number;
  readonly steps: number;
  readonly scope: ScopeName;
  readonly criterion: string;
  readonly reduction: Reduction;
  readonly normalizer: Normalizer;
  readonly maxRatio: number;
  readonly roundTo: number;
  /** Tensor names, node names or patterns with `*`. */
  readonly ignore: readonly string[];
  readonly layerRatios: Readonly<Record<string, number>>;
  readonly seed: number;
  /** Asks for a cost instead of a ratio: half the MACs is `{ of: 'macs', keep: 0.5 }`. */
  readonly target?: Target;
  /** Layers that are ranked together and share a ratio of their own. */
  readonly sets?: readonly LayerSet[];
  /** Offer whole attention heads (default: no), and the dims inside of them (default: yes). */
  readonly heads?: boolean;
  readonly headDims?: boolean;
  /** Of whole heads; absent: `ratio`. */
  readonly headRatio?: number;
  /** Offer whole channel groups of grouped convolutions and the like. Default: no. */
  readonly channelGroups?: boolean;
  /** How the ratio is spread over the steps. Default: `linear`. */
  readonly schedule?: ScheduleName;
  /** No layer gets narrower than this many units. */
  readonly minWidth?: number;
  /** For criteria that need gradients or activations: examples they are collected over, and where. */
  readonly calibration?: number;
  readonly backend?: BackendName | 'auto';
}

export type Decision =
  | { readonly verdict: 'accepted'; readonly units?: readonly number[] }
  | { readonly verdict: 'rejected'; readonly reason?: string }
  | { readonly verdict: 'skipped' }
  | { readonly verdict: 'undecided' };

// ---------------------------------------------------------------- training

export interface TrainOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: 'sgd' | 'adam' | 'adamw';
  readonly learningRate: number;
  readonly backend: BackendName | 'auto';
  readonly seed: number;
  /** Trains a model that no step has touched yet. It never opens the gate that an empty step has shut. */
  readonly unpruned?: boolean;
  readonly schedule?: ScheduleOptions;
  /** Epochs over which the learning rate rises from 0. */
  readonly warmUp?: number;
  /** SGD. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
  readonly labelSmoothing?: number;
  /** Gradients are scaled down to this norm; 0: never. */
  readonly clipNorm?: number;
  /** Names of the augmentations to apply, in order. */
  readonly augment?: readonly string[];
  /** Constants or nodes, by name or pattern, that stay as they are. */
  readonly frozen?: readonly string[];
  /** Epochs without a better validation figure after which the pass ends; 0: never. */
  readonly patience?: number;
  readonly keepBest?: boolean;
  /** Held-out examples on which accuracy is measured before and after the pass; 0: none. Default 500. */
  readonly testExamples?: number;
  /** Examples of the validation part that are measured after each epoch; 0: none. Default 500. */
  readonly validationExamples?: number;
  /** Learns from the model as it was opened. `labels: false` uses the images alone. */
  readonly distil?: {
    readonly temperature?: number;
    readonly share?: number;
    readonly labels?: boolean;
    /** Attends where the original does, too: its maps are compared with those of the same size. */
    readonly features?: boolean;
  };
  /** Drives unwanted channels towards zero while training. */
  readonly sparse?: { readonly name: string; readonly strength: number };
}

export interface TrainProgress {
  readonly phase: 'backend' | 'compiling' | 'training' | 'evaluating' | 'saving';
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Done in this epoch; while evaluating: examples done; while compiling: shaders. 0 of 0 where there is nothing to count. */
  readonly batch: number;
  readonly batches: number;
  readonly imagesPerSecond?: number;
  readonly point?: TrainingPoint;
}

/** Recovery without labels; see `training/recovery`. */
export interface RepairOptions {
  readonly method: 'batch-norm' | 'reconstruction';
  /** Examples it looks at. */
  readonly examples?: number;
  readonly backend?: BackendName | 'auto';
  readonly seed?: number;
}

// ---------------------------------------------------------------- the engine

/**
 * All methods reject with a `ModelError` (a `Problem` over the wire) and leave the session as it was: `no-model` where
 * they need one, `busy` for a call that would change the session while a pass trains it, `no-backend` and `device-lost`
 * for those that compute, and what they say themselves.
 */
export interface Engine {
  /** Sends the present state at once and every new one after. */
  listen(listener: (state: SessionState) => void): Promise<void>;

  /** A new session. @throws ModelError `unreadable`, and what `openModel` throws */
  open(file: DroppedFile, companions?: readonly DroppedFile[]): Promise<void>;
  /** The built-in model and its generated digits. */
  openSample(model: Uint8Array): Promise<void>;
  /** A data set from dropped files (IDX pairs and the other readers' formats). @throws ModelError `wrong-data`, `data-mismatch` */
  openData(files: readonly DroppedFile[], options?: DataOptions): Promise<void>;
  /**
   * The open files' values with another mean and deviation; `undefined`: what the model's own notes say.
   * @throws ModelError `no-data-set`, `no-files`, `data-mismatch`
   */
  normaliseData(normalisation: Normalisation | undefined): Promise<void>;
  /** The built-in generated digits, for whichever model is open. @throws ModelError `data-mismatch` */
  openGeneratedData(): Promise<void>;
  /** The first examples as the network gets them, turned back into pictures. @throws ModelError `no-data-set`, `no-pictures` */
  sampleData(count: number): Promise<readonly DataSample[]>;
  /** What the network says about the same examples. @throws ModelError `no-data-set` */
  answers(options: { examples: number; backend: BackendName | 'auto' }): Promise<readonly Answer[]>;
  close(): Promise<void>;

  /** `expanded`: ids of drawn nodes to show operator by operator. */
  draw(expanded: readonly string[]): Promise<Drawing>;
  /**
   * Why two members of a group go together; they are numbered as `GroupSummary.members` lists them.
   * @throws ModelError `unknown-group`, `unknown-member`
   */
  explain(group: string, from: number, to: number): Promise<readonly CouplingStep[]>;

  /**
   * Scores the groups and opens a step for review; one without candidates ends at once, and the log says why.
   * @throws ModelError `step-open`, `bad-option`, `unknown-criterion`, `no-data-set` for criteria that need examples
   */
  startStep(options: StepOptions): Promise<void>;
  /** @throws ModelError `no-step`, `unknown-candidate`, `bad-units` */
  decide(candidate: string, decision: Decision): Promise<void>;
  /** The same decision for several candidates: for all of them, or where it does not suit one for none. */
  decideAll(candidates: readonly string[], decision: Decision): Promise<void>;
  /** Takes the last decision back; nothing where there is none. @throws ModelError `no-step` */
  undo(): Promise<void>;
  /**
   * Accuracy on held-out examples of what the decisions so far would leave: nothing is cut.
   * @throws ModelError `no-step`, `no-data-set`, `no-examples`, `no-labels`
   */
  tryOut(options: { examples: number; backend: BackendName | 'auto' }): Promise<Evaluated>;
  /** Cuts what was accepted; resolves to the flag. @throws ModelError `no-step` */
  applyStep(): Promise<boolean>;
  /** Drops the open step; nothing was cut, nothing is remembered. @throws ModelError `no-step` */
  cancelStep(): Promise<void>;
  /**
   * Back to before the step at this place of the log, one of `SessionState.earlier`: what it and all that followed did to
   * the model is undone.
   * @throws ModelError `step-open`, `unknown-step`
   */
  goBack(entry: number): Promise<void>;
  /** Lets a sticky reject be proposed again. */
  release(group: string): Promise<void>;

  /**
   * Yields progress; `return()` stops within one batch. Yields nothing when the gate is shut.
   * @throws ModelError `no-data-set`, `bad-option`, `unknown-augmentation`, `unknown-penalty`, `no-labels`, `nothing-to-train`
   */
  train(options: TrainOptions): AsyncGenerator<TrainProgress, void, void>;
  /**
   * Goes on with the pass that `SessionState.interrupted` tells of, from its last checkpoint.
   * @throws ModelError `nothing-to-resume`, `checkpoint-misfit`, and what `train` throws
   */
  resume(): AsyncGenerator<TrainProgress, void, void>;
  /** Recovery without labels, behind the same gate: says whether it changed anything. @throws ModelError `no-data-set` */
  repair(options: RepairOptions): Promise<Change>;
  /** On all held-out examples. @throws ModelError `no-data-set`, `no-examples`, `no-labels` */
  evaluate(backend: BackendName | 'auto'): Promise<Evaluated>;

  /** The smaller model in the format it came in. @throws ModelError `too-large`, `cannot-write` */
  exportModel(): Promise<NamedFile>;
  /** What was done, as JSON that the command line replays: options, decisions, removed channels. */
  exportRecipe(): Promise<NamedFile>;
  /** The original index of every surviving channel, by constant and axis. */
  provenance(): Promise<readonly SurvivingAxis[]>;

  /** Everything needed to go on after a reload, in one file. */
  save(): Promise<Uint8Array>;
  /** Goes on with a session that `save` made. @throws ModelError `bad-session`, `unreadable` */
  restore(saved: Uint8Array | Blob): Promise<void>;
  /** Goes on with the session that the engine keeps by itself, as after a lost worker; false where there is none. */
  recover(): Promise<boolean>;
}

/** `accuracy` is absent where targets are no classes. */
export type Evaluated = Evaluation;

export interface SurvivingAxis {
  readonly tensor: string;
  readonly axis: number;
  /** Position in the opened model of each position that is left. */
  readonly original: readonly number[];
}
