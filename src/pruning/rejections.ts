// What a person said no to. A rejected unit is out of the competition until it is released: it is not proposed again,
// and the others do not make up for it; only a target, which is meant of the whole network, is planned around it.

import type { Origin } from './provenance.ts';

export interface Rejection {
  /** Id of the group in the model first opened. */
  readonly group: string;
  /** Ascending, numbered as in the model first opened. */
  readonly units: readonly number[];
  readonly reason?: string;
}

export class Rejections {
  private readonly byGroup = new Map<string, Map<number, string | undefined>>();

  constructor(rejections: readonly Rejection[] = []) {
    for (const { group, units, reason } of rejections) this.add(group, units, reason);
  }

  add(group: string, units: Iterable<number>, reason: string | undefined): void {
    const own = this.byGroup.get(group) ?? new Map<number, string | undefined>();
    this.byGroup.set(group, own);
    for (const unit of units) own.set(unit, reason);
  }

  /** Absent `units`: all of the group's. */
  release(group: string, units?: ArrayLike<number>): void {
    const own = this.byGroup.get(group);
    if (!own) return;
    for (const unit of units ? Array.from(units) : [...own.keys()]) own.delete(unit);
    if (own.size === 0) this.byGroup.delete(group);
  }

  /** A flag per present unit of a group; `undefined` where none is barred. */
  barred({ group, units }: Origin): Uint8Array | undefined {
    const own = this.byGroup.get(group);
    if (!own) return undefined;
    const flags = Uint8Array.from(units, (unit) => (own.has(unit) ? 1 : 0));
    return flags.includes(1) ? flags : undefined;
  }

  /** By group; one entry per reason. */
  byOrigin(): ReadonlyMap<string, readonly Rejection[]> {
    return new Map([...this.byGroup].map(([group, own]) => [group, entriesOf(group, own)]));
  }

  list(): readonly Rejection[] {
    return [...this.byOrigin().values()].flat();
  }
}

function entriesOf(group: string, own: ReadonlyMap<number, string | undefined>): Rejection[] {
  const byReason = new Map<string | undefined, number[]>();
  for (const [unit, reason] of own) byReason.set(reason, [...(byReason.get(reason) ?? []), unit]);
  return [...byReason].map(([reason, units]) => ({
    group,
    units: units.sort((a, b) => a - b),
    ...(reason === undefined ? {} : { reason }),
  }));
}
