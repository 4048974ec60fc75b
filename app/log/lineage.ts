// What of the log still holds: going back to before a step undoes everything from that step on.

import type { CostPoint, LogEntry } from '../../src/workbench/engine.ts';

/** What is done to the model, or found out about it. */
const undoable: ReadonlySet<LogEntry['kind']> = new Set([
  'step',
  'training',
  'training-skipped',
  'repair',
  'evaluated',
]);

/** Places of the entries that going back has undone. */
export function undoneEntries(log: readonly LogEntry[]): ReadonlySet<number> {
  const undone = new Set<number>();
  for (const [place, entry] of log.entries())
    if (entry.kind === 'went-back')
      for (let i = entry.to; i < place; i++) if (undoable.has(log[i].kind)) undone.add(i);
  return undone;
}

/** The entries that led to the model as it is. */
export function lineage(log: readonly LogEntry[]): readonly LogEntry[] {
  const undone = undoneEntries(log);
  return undone.size === 0 ? log : log.filter((_, place) => !undone.has(place));
}

/** The first and the last accuracy that was measured on the way to the model as it is; `undefined` where nobody has. */
export function accuracies(
  costs: readonly CostPoint[],
  log: readonly LogEntry[],
): { readonly before: number; readonly now: number } | undefined {
  const ofSteps = costs.flatMap(({ accuracy }) => accuracy ?? []);
  const ofLog = lineage(log).flatMap((entry) => {
    if (entry.kind === 'evaluated') return entry.accuracy ?? [];
    return entry.kind === 'training' ? [entry.accuracyBefore ?? [], entry.accuracyAfter ?? []].flat() : [];
  });
  const before = costs[0]?.accuracy ?? ofLog[0] ?? ofSteps[0];
  const now = ofLog.at(-1) ?? ofSteps.at(-1);
  return before === undefined || now === undefined ? undefined : { before, now };
}
