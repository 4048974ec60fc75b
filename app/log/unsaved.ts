// Whether leaving a model would give something up.

import type { LogEntry } from '../../src/workbench/engine.ts';
import { undoneEntries } from './lineage.ts';

/** Whether the model was cut, trained or repaired since it was opened or last exported. */
export function hasUnsavedWork(log: readonly LogEntry[]): boolean {
  const undone = undoneEntries(log);
  const exported = log.findLastIndex(({ kind }) => kind === 'exported');
  return log.some((entry, place) => place > exported && !undone.has(place) && changesModel(entry));
}

const changesModel = (entry: LogEntry): boolean =>
  (entry.kind === 'step' && entry.pruned) ||
  (entry.kind === 'training' && entry.outcome !== 'failed') ||
  (entry.kind === 'repair' && entry.changed);
