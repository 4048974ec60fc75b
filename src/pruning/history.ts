// What was removed, step by step, as plain data: enough to make the same cuts in the same file again.

/** Units removed from one group in one step. */
export interface HistoryCut {
  readonly group: string;
  /** Ascending, numbered as before the step. */
  readonly units: readonly number[];
  /** The same, numbered as in the model first opened. */
  readonly original: readonly number[];
}

export interface HistoryEntry {
  readonly step: number;
  readonly cuts: readonly HistoryCut[];
}
