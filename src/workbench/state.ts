// What an engine tells about its session, as plain data that crosses to the page: the model, its picture, the step under
// review, the log and the curves. Values are never edited; whatever changed is a new value.

import type { GroupKind } from '../analysis/types.ts';
import type { BackendName } from '../execution/types.ts';
import type { Problem } from '../lib/errors.ts';
import type { Verdict } from '../pruning/candidate.ts';
import type { Reason } from '../pruning/report.ts';

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
  /** What a person calls it, from the names in the file: `layer1.0.conv1`. */
  readonly name: string;
  /** What it does: `Conv · Norm · ReLU`. */
  readonly label: string;
  /** How large it is: `64 × 3×3`, `768 → 3072`, `12 heads`; for others the shape of what leaves it. */
  readonly detail: string;
  readonly kind:
    | 'input'
    | 'output'
    | 'kernel'
    | 'attention'
    | 'norm'
    | 'activation'
    | 'pool'
    | 'join'
    | 'shape'
    | 'other'
    | 'unknown';
  /** Output channels of its kernel, now and in the model as it was opened. */
  readonly channels?: DrawnChannels;
  /** Of what leaves it: `1×64×56×56`. */
  readonly shape: string;
  readonly params: number;
  readonly macs: number;
  /** `GraphNode.id`s it stands for. */
  readonly nodes: readonly number[];
  readonly expandable: boolean;
  /** The frame it stands in: the folded node that it is a part of. */
  readonly parent?: string;
  /** Groups whose units it holds or passes on; those that its own output carries come first. */
  readonly groups: readonly string[];
}

export interface DrawnChannels {
  readonly now: number;
  readonly initially: number;
  /** The groups they belong to: units of each, and how many channels go with one. */
  readonly groups: readonly { readonly id: string; readonly units: number; readonly perUnit: number }[];
}

/** A folded node that is shown operator by operator; folding it again takes the same id. */
export interface DrawnFrame {
  readonly id: string;
  readonly name: string;
  readonly label: string;
}

/** A group, as the picture names it. */
export interface DrawnGroup {
  readonly id: string;
  /** The name of the layer it starts from, and the drawn node that shows it. */
  readonly name: string;
  readonly node: string | undefined;
  readonly kind: GroupKind;
  readonly units: number;
  /** Units in the model as it was opened. */
  readonly initialUnits: number;
  readonly members: number;
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
  readonly frames: readonly DrawnFrame[];
  readonly groups: readonly DrawnGroup[];
}

// ---------------------------------------------------------------- the step under review

export type { Verdict };

export interface CandidateSummary {
  readonly id: string;
  /** Group it would cut, and all that it cuts alike, this one first. */
  readonly group: string;
  readonly groups: readonly string[];
  readonly kind: GroupKind;
  readonly root: string;
  readonly node: string;
  /** Units now, and those proposed to go (indices now, and in the model as opened). */
  readonly units: number;
  readonly remove: readonly number[];
  readonly original: readonly number[];
  /** One score per unit of the group; lower goes first. */
  readonly scores: readonly number[];
  /** Units that stay, however low they score, because they were rejected before. */
  readonly rejectedBefore?: readonly number[];
  /** What accepting it alone would save. */
  readonly saves: { readonly params: number; readonly macs: number };
  /** Candidates of the same pattern (isomorphic groups), this one included. */
  readonly alike: readonly string[];
  readonly verdict: Verdict;
  readonly reason?: string;
  /** Units proposed only so that a multiple of `roundTo` is left. */
  readonly rounding?: number;
  /** Units that were accepted instead of `remove`. */
  readonly chosen?: readonly number[];
}

/** A step under review. Decisions are staged: nothing is cut until `applyStep`. */
export interface OpenStep {
  /** 1-based, of `of` scheduled ones. */
  readonly number: number;
  readonly of: number;
  readonly candidates: readonly CandidateSummary[];
  /** What the decisions so far would leave. */
  readonly preview: { readonly params: number; readonly macs: number };
  /** Why groups are not among the candidates, or with less than asked. */
  readonly heldBack?: readonly Reason[];
  /** Undoable decisions, latest last. */
  readonly decisions: readonly { readonly candidate: string; readonly verdict: Verdict }[];
}

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
      /** Batches trained before it: where it stands on the training charts. */
      readonly batch?: number;
      readonly number: number;
      /** The flag: was anything removed? */
      readonly pruned: boolean;
      /** Why not, or what held some groups back: one sentence each. */
      readonly reasons: readonly Reason[];
      readonly removedUnits: number;
      readonly accepted: number;
      readonly rejected: number;
      readonly before: { readonly params: number; readonly macs: number };
      readonly after: { readonly params: number; readonly macs: number };
      /** Findings that stopped nothing: names that fit no layer, a target that was missed. */
      readonly problems?: readonly Problem[];
      /** With a target: the ratio that the step settled on. */
      readonly ratio?: number;
    }
  | {
      readonly kind: 'training';
      readonly at: number;
      /** Batches trained before it: where it stands on the training charts. */
      readonly batch?: number;
      readonly outcome: 'completed' | 'stopped' | 'early-stopped' | 'diverged' | 'failed';
      readonly epochs: number;
      readonly accuracyBefore?: number;
      readonly accuracyAfter?: number;
      readonly message: string;
    }
  | {
      /** The gate: a training pass that did not run, and why. */
      readonly kind: 'training-skipped';
      readonly at: number;
      /** Batches trained before it: where it stands on the training charts. */
      readonly batch?: number;
      readonly message: string;
    }
  | {
      /** Recovery without labels: did it change anything, or why not. */
      readonly kind: 'repair';
      readonly at: number;
      readonly method: string;
      readonly changed: boolean;
      readonly message: string;
    }
  | {
      readonly kind: 'evaluated';
      readonly at: number;
      readonly loss: number;
      readonly accuracy?: number;
      readonly examples: number;
    }
  | {
      /** The model is as it was before an earlier step. */
      readonly kind: 'went-back';
      readonly at: number;
      /** Batches trained before it: where it stands on the training charts. */
      readonly batch?: number;
      /** The step's place in the log, and its number. */
      readonly to: number;
      readonly number: number;
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
  /** Of the written model. */
  readonly bytes?: number;
  /** Last measured on held-out examples at this step. */
  readonly accuracy?: number;
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

// ---------------------------------------------------------------- the session

export interface DataSummary {
  readonly name: string;
  readonly examples: { readonly train: number; readonly test: number; readonly validation?: number };
  readonly dims: readonly number[];
  readonly classes: readonly string[];
  /** Per channel, of stored values as 0 to 1. */
  readonly normalisation?: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
  readonly problems?: readonly Problem[];
}

/** A call that takes longer than a person waits gladly. */
export interface Busy {
  /** `Collecting gradients`. */
  readonly task: string;
  readonly done?: number;
  readonly of?: number;
}

/** A sticky reject: these units are not proposed again until the group is released. */
export interface RejectedGroup {
  readonly group: string;
  readonly root: string;
  readonly units: number;
  readonly reason?: string;
}

export interface SessionState {
  readonly model?: ModelSummary;
  readonly data?: DataSummary;
  readonly step?: OpenStep;
  readonly log: readonly LogEntry[];
  readonly costs: readonly CostPoint[];
  readonly curve: readonly TrainingPoint[];
  /**
   * Whether `train` would run, or the sentence the gate shows. Shut until a step removed something; then open, also
   * for a second pass, until a step that removes nothing.
   */
  readonly gate: { readonly open: boolean; readonly message: string };
  readonly backend?: {
    readonly name: BackendName;
    readonly description: string;
    /** Why better ones are not used. */
    readonly passedOver?: readonly { readonly name: BackendName; readonly why: string }[];
  };
  readonly rejected?: readonly RejectedGroup[];
  /** Places in the log of the steps that can be gone back to before, oldest first. */
  readonly earlier?: readonly number[];
  /** Why a reload would lose the session; absent while it is kept. */
  readonly unkept?: Problem | undefined;
  /** A training pass that was cut off and can go on from its last checkpoint, `epoch` epochs after its start. */
  readonly interrupted?: { readonly epoch: number; readonly epochs: number; readonly at: number };
  /** Runs now; absent when the engine is idle or trains (training tells by its own progress). */
  readonly busy?: Busy;
  /** Counts changes of the drawn graph: ask for `draw` again when it moves. */
  readonly revision: number;
}
