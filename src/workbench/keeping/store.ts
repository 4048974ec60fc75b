// What is kept of a session so that it can go on after a reload, a lost worker or a closed tab, and where: behind this
// interface sits the browser's database in the page, and memory in tests.

import type { PrunerState } from '../../pruning/pruner.ts';
import type { Normalisation } from '../../training/types.ts';
import type { DataOptions, DroppedFile, NamedFile, StepOptions, TrainOptions } from '../engine.ts';
import type { SessionState } from '../state.ts';
import type { RecipeStep } from '../steps/recipe.ts';

/** Kept part by part: the opened file is written once, weights and states as they change. */
export interface Kept {
  /** The model file as opened, with the weight files beside it. */
  readonly original: { readonly file: NamedFile; readonly companions: readonly NamedFile[] };
  readonly session: KeptSession;
  readonly curve: SessionState['curve'];
  /** The present model in its own format. Absent: as opened. */
  readonly present?: Uint8Array;
  readonly data?: KeptData;
  readonly training?: KeptTraining;
  /** Oldest first. */
  readonly earlier?: readonly Earlier[];
}

/** JSON. */
export interface KeptSession {
  readonly log: SessionState['log'];
  readonly costs: SessionState['costs'];
  readonly pruner: PrunerState;
  /** Of the last step, under review or applied. */
  readonly options?: StepOptions;
  /** Steps applied. */
  readonly steps: readonly RecipeStep[];
  /** Decisions of the step under review, in order. Absent: none is. */
  readonly review?: RecipeStep['decisions'];
}

/** A way back to before a step. */
export interface Earlier {
  /** The step's place in the log. */
  readonly log: number;
  readonly session: Pick<KeptSession, 'costs' | 'pruner' | 'steps' | 'options'>;
  /** The model of that time in its own format. Absent: as opened. A blob, since a browser holds those on disk. */
  readonly present?: Blob;
}

export type KeptData = KeptDigits | KeptFiles;

export interface KeptDigits {
  readonly kind: 'generated';
  readonly normalisation?: Normalisation | undefined;
}

export interface KeptFiles {
  readonly kind: 'files';
  readonly files: readonly DroppedFile[];
  readonly options: DataOptions;
}

/** A pass under way. */
export interface KeptTraining {
  readonly options: TrainOptions;
  /** Of the curve when the pass began. */
  readonly firstBatch: number;
  readonly accuracyBefore?: number;
  /** Absent before the first one: the pass begins anew. */
  readonly checkpoint?: Uint8Array;
  /** Where the checkpoint stands. */
  readonly epoch: number;
  readonly points: number;
  readonly at: number;
}

export type KeptChanges = { readonly [K in keyof Kept]?: Kept[K] | undefined };

export interface SessionStore {
  /** `undefined` where nothing is kept. */
  load(): Promise<Kept | undefined>;
  /** Writes the parts named, all or none; `undefined` removes a part. */
  save(changes: KeptChanges): Promise<void>;
  clear(): Promise<void>;
}

/** Keeps as long as the program runs. */
export class MemoryStore implements SessionStore {
  #kept: KeptChanges = {};

  async load(): Promise<Kept | undefined> {
    return wholeOf(this.#kept);
  }

  async save(changes: KeptChanges): Promise<void> {
    this.#kept = { ...this.#kept, ...changes };
  }

  async clear(): Promise<void> {
    this.#kept = {};
  }
}

/** The parts as a session, if those that every session has are there. */
export function wholeOf({ original, session, curve, ...rest }: KeptChanges): Kept | undefined {
  if (!original || !session || !curve) return undefined;
  const present = Object.entries(rest).filter(([, part]) => part !== undefined);
  return { original, session, curve, ...Object.fromEntries(present) };
}
