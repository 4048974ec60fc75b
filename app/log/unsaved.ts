// Whether leaving a model would give something up.

import type { LogEntry } from '../../src/workbench/engine.ts';
import { undoneEntries } from './lineage.ts';

/**
 * Whether the model was cut, trained or repaired since it was opened, last exported, or kept in a session file.
 * @param kept the log's last entry when a session file was made of it
 */
export function hasUnsavedWork(log: readonly LogEntry[], kept?: LogEntry): boolean {
  const undone = undoneEntries(log);
  const safe = log.findLastIndex((entry) => entry === kept || entry.kind === 'exported');
  return log.some((entry, place) => place > safe && !undone.has(place) && changesModel(entry));
}

const changesModel = (entry: LogEntry): boolean =>
  (entry.kind === 'step' && entry.pruned) ||
  (entry.kind === 'training' && entry.outcome !== 'failed') ||
  (entry.kind === 'repair' && entry.changed);
