// The one interface between the product and whoever drives it: the page (through a Worker), the command line and
// tests (in process). Everything that crosses it is plain data; weights stay on the engine's side.
// An engine holds one session. It tells what changed by sending a new `SessionState` to its listener.

import type { CouplingStep, GroupKind } from '../analysis/types.ts';
import type { BackendName } from '../execution/types.ts';
import type { Problem } from '../lib/errors.ts';

// ---------------------------------------------------------------- the model

export interface ModelSummary {
  readonly format: string;
  readonly fileName: string;
  readonly fileBytes: number;
  readonly inputs: readonly ValueSummary[];
  readonly outputs: readonly ValueSummary[];
  readonly nodes: number;
  readonly params: number;
  readonly macs: number;
  readonly groups: readonly GroupSummary[];
  readonly problems: readonly Problem[];
  /** Whether the engine can run and train it, and if not, why. */
  readonly trainable: { readonly ok: true } | { readonly ok: false; readonly why: string };
}

export interface ValueSummary {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly (number | string)[];
}

export interface GroupSummary {
  readonly id: string;
  readonly kind: GroupKind;
  /** Root tensor, and the name of the node that reads it. */
  readonly root: string;
  readonly node: string;
  readonly units: number;
  /** Units in the model as it was opened. */
  readonly initialUnits: number;
  readonly members: readonly { readonly tensor: string; readonly axis: number; readonly role: string }[];
  /** Parameters and MACs of the nodes it touches, that go with one unit. */
  readonly paramsPerUnit: number;
  readonly macsPerUnit: number;
  /** Why nothing of it can be pruned; absent if something can. */
  readonly locked?: string;
}

// ---------------------------------------------------------------- the picture

/** A node of the drawn graph: one operator, or a folded run of them (conv + norm + activation). */
export interface DrawnNode {
  readonly id: string;
  readonly label: string;
  /** Second line: `64 × 3×3`, shape or the count of folded operators. */
  readonly detail: string;
  readonly kind:
    | 'input'
    | 'output'
    | 'kernel'
    | 'norm'
    | 'activation'
    | 'join'
    | 'shape'
    | 'other'
    | 'unknown';
  /** `GraphNode.id`s it stands for. */
  readonly nodes: readonly number[];
  readonly expandable: boolean;
  /** The folded node that this one is shown in place of; expanding its id was what brought it out. */
  readonly parent?: string;
  /** Groups whose members sit in it. */
  readonly groups: readonly string[];
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface DrawnEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  /** Value names it carries, and their shape as text. */
  readonly values: readonly string[];
  readonly shape: string;
  /** Groups whose units travel along it. */
  readonly groups: readonly string[];
}

export interface Drawing {
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

// ---------------------------------------------------------------- pruning

export interface StepOptions {
  /** Fraction of channels to remove in all, 0 to 1, reached over `steps` steps. */
  readonly ratio: number;
  readonly steps: number;
  readonly scope: 'local' | 'global' | 'isomorphic';
  readonly criterion: string;
  readonly reduction: string;
  readonly normalizer: string;
  readonly maxRatio: number;
  readonly roundTo: number;
  /** Tensor names, node names or patterns with `*`. */
  readonly ignore: readonly string[];
  readonly layerRatios: Readonly<Record<string, number>>;
  readonly seed: number;
}

export type Verdict = 'undecided' | 'accepted' | 'rejected' | 'skipped';

export interface CandidateSummary {
  readonly id: string;
  /** Group it would cut. */
  readonly group: string;
  readonly kind: GroupKind;
  readonly root: string;
  readonly node: string;
  /** Units now, and those proposed to go (indices now, and in the model as opened). */
  readonly units: number;
  readonly remove: readonly number[];
  readonly original: readonly number[];
  /** One score per unit of the group; lower goes first. */
  readonly scores: readonly number[];
  /** What accepting it alone would save. */
  readonly saves: { readonly params: number; readonly macs: number };
  /** Candidates of the same pattern (isomorphic groups), this one included. */
  readonly alike: readonly string[];
  readonly verdict: Verdict;
  readonly reason?: string;
}

/** A step under review. Decisions are staged: nothing is cut until `applyStep`. */
export interface OpenStep {
  /** 1-based, of `of` scheduled ones. */
  readonly number: number;
  readonly of: number;
  readonly candidates: readonly CandidateSummary[];
  /** What the decisions so far would leave. */
  readonly preview: { readonly params: number; readonly macs: number };
  /** Undoable decisions, latest last. */
  readonly decisions: readonly { readonly candidate: string; readonly verdict: Verdict }[];
}

export type Decision =
  | { readonly verdict: 'accepted'; readonly units?: readonly number[] }
  | { readonly verdict: 'rejected'; readonly reason?: string }
  | { readonly verdict: 'skipped' }
  | { readonly verdict: 'undecided' };

// ---------------------------------------------------------------- log and curves

export type LogEntry =
  | {
      readonly kind: 'opened';
      readonly at: number;
      readonly fileName: string;
      readonly params: number;
      readonly macs: number;
    }
  | {
      readonly kind: 'step';
      readonly at: number;
      readonly number: number;
      /** The flag: was anything removed? */
      readonly pruned: boolean;
      /** Why not, or what held some groups back: one sentence each. */
      readonly reasons: readonly {
        readonly code: string;
        readonly group?: string;
        readonly message: string;
      }[];
      readonly removedUnits: number;
      readonly accepted: number;
      readonly rejected: number;
      readonly before: { readonly params: number; readonly macs: number };
      readonly after: { readonly params: number; readonly macs: number };
    }
  | {
      readonly kind: 'training';
      readonly at: number;
      readonly outcome: 'completed' | 'stopped' | 'failed';
      readonly epochs: number;
      readonly accuracyBefore?: number;
      readonly accuracyAfter?: number;
      readonly message: string;
    }
  | {
      /** The gate: a training pass that did not run, and why. */
      readonly kind: 'training-skipped';
      readonly at: number;
      readonly message: string;
    }
  | { readonly kind: 'exported'; readonly at: number; readonly fileName: string; readonly bytes: number }
  | { readonly kind: 'note'; readonly at: number; readonly message: string };

/** One point of the cost chart: after opening and after each step. */
export interface CostPoint {
  readonly step: number;
  readonly params: number;
  readonly macs: number;
  /** 1 - params / params at opening. */
  readonly sparsity: number;
}

/** One point of the training charts; `batch` counts on over all training passes. */
export interface TrainingPoint {
  readonly batch: number;
  readonly loss: number;
  readonly accuracy?: number;
  /** Held-out figures, at the end of an epoch. */
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
}

export interface TrainOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: 'sgd' | 'adam' | 'adamw';
  readonly learningRate: number;
  readonly backend: BackendName | 'auto';
  readonly seed: number;
}

export interface TrainProgress {
  readonly phase: 'backend' | 'compiling' | 'training' | 'evaluating' | 'saving';
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  readonly batches: number;
  readonly imagesPerSecond?: number;
  readonly point?: TrainingPoint;
}

export interface DataSummary {
  readonly name: string;
  readonly examples: { readonly train: number; readonly test: number };
  readonly dims: readonly number[];
  readonly classes: readonly string[];
}

export interface SessionState {
  readonly model?: ModelSummary;
  readonly data?: DataSummary;
  readonly step?: OpenStep;
  readonly log: readonly LogEntry[];
  readonly costs: readonly CostPoint[];
  readonly curve: readonly TrainingPoint[];
  /** Whether `train` would run, or the sentence the gate shows. */
  readonly gate: { readonly open: boolean; readonly message: string };
  readonly backend?: { readonly name: BackendName; readonly description: string };
  /** Counts changes of the drawn graph: ask for `draw` again when it moves. */
  readonly revision: number;
}

// ---------------------------------------------------------------- the engine

export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** All methods reject with a `ModelError` (a `Problem` over the wire) and leave the session as it was. */
export interface Engine {
  /** Sends the present state at once and every new one after. */
  listen(listener: (state: SessionState) => void): Promise<void>;

  open(file: NamedFile, companions?: readonly NamedFile[]): Promise<void>;
  /** The built-in model and its generated digits. */
  openSample(model: Uint8Array): Promise<void>;
  /** A data set from dropped files (IDX pairs and the other readers' formats). */
  openData(files: readonly NamedFile[]): Promise<void>;
  close(): Promise<void>;

  /** `expanded`: ids of drawn nodes to show operator by operator. */
  draw(expanded: readonly string[]): Promise<Drawing>;
  /** Why two members of a group go together. */
  explain(group: string, from: number, to: number): Promise<readonly CouplingStep[]>;

  startStep(options: StepOptions): Promise<void>;
  decide(candidate: string, decision: Decision): Promise<void>;
  undo(): Promise<void>;
  /** Cuts what was accepted; resolves to the flag. */
  applyStep(): Promise<boolean>;
  /** Drops the open step; nothing was cut, nothing is remembered. */
  cancelStep(): Promise<void>;
  /** Lets a sticky reject be proposed again. */
  release(group: string): Promise<void>;

  /** Yields progress; `return()` stops within one batch. Yields nothing when the gate is shut. */
  train(options: TrainOptions): AsyncGenerator<TrainProgress, void, void>;
  evaluate(backend: BackendName | 'auto'): Promise<{ readonly loss: number; readonly accuracy: number }>;

  /** The smaller model in the format it came in. */
  exportModel(): Promise<NamedFile>;

  /** Everything needed to go on after a reload, and back again. */
  save(): Promise<Uint8Array>;
  restore(saved: Uint8Array): Promise<void>;
}
