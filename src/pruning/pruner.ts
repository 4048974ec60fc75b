// Draft of the signatures; the class follows.

import type { Analysis } from '../analysis/types.ts';
import type { Graph } from '../graph/types.ts';
import type { Candidate, Decision } from './candidate.ts';
import type { Evidence } from './criteria/criterion.ts';
import type { HistoryEntry } from './history.ts';
import type { OpenStep } from './open-step.ts';
import type { PrunerOptions } from './options.ts';
import type { StepReport } from './report.ts';

/** What criteria need besides the weights; `Criterion.needs` says which. */
export type ProvidedEvidence = Pick<Evidence, 'gradients' | 'activations'>;

export interface Rejection {
  readonly group: string;
  /** Numbered as in the model first opened. */
  readonly units: readonly number[];
  readonly reason?: string;
}

export interface PrunerState {
  readonly step: number;
  readonly history: readonly HistoryEntry[];
  readonly rejected: readonly Rejection[];
  readonly lastStep?: StepReport;
  readonly [more: string]: unknown;
}

export declare class MetaPruner {
  constructor(graph: Graph, options?: PrunerOptions);
  /** The network as it is now. */
  readonly graph: Graph;
  readonly analysis: Analysis;
  /** Steps made so far. */
  readonly stepsMade: number;
  readonly lastStep: StepReport | undefined;
  readonly history: readonly HistoryEntry[];
  /** By group id. */
  readonly rejected: ReadonlyMap<string, readonly Rejection[]>;
  /** The step under way. */
  readonly current: OpenStep | undefined;

  step(options?: { readonly interactive?: false; readonly evidence?: ProvidedEvidence }): boolean;
  step(options: {
    readonly interactive: true;
    readonly evidence?: ProvidedEvidence;
  }): Generator<Candidate, boolean, Decision | undefined>;
  open(evidence?: ProvidedEvidence): OpenStep;
  /** Lets rejected units be proposed again. `units` as in the model first opened; absent: all of the group. */
  release(group: string, units?: ArrayLike<number>): void;
  /** Original numbers of a group's units. */
  originalUnits(group: string): Int32Array;
  /** Original index of every surviving position of a constant's axis. */
  originalPositions(tensor: string, axis: number): Int32Array;
  /** Other options from the next step on; what was rejected and removed stays so. The schedule starts anew. */
  configure(options: PrunerOptions): void;
  /** The same network with other weights, after training. @throws ModelError `other-structure` */
  replaceWeights(graph: Graph): void;
  save(): PrunerState;
  static restore(graph: Graph, options: PrunerOptions, state: PrunerState): MetaPruner;
}

export declare function replay(graph: Graph, history: readonly HistoryEntry[]): Graph;
