// Sessions in the browser's database, a part a row. It runs in the engine's worker, so that writing weights never holds up
// the page. A session belongs to one tab at a time: whoever holds its Web Lock.

import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { ModelError } from '../../src/lib/errors.ts';
import type { Kept, KeptChanges, SessionStore } from '../../src/workbench/keeping/store.ts';
import { atRest, awake } from './resting.ts';

interface Schema extends DBSchema {
  /** [session, part] */
  parts: { key: [string, string]; value: unknown };
  sessions: { key: string; value: { readonly id: string; readonly changedAt: number } };
}

/** Older sessions are forgotten: a model and its checkpoints may be large. */
const KEPT_SESSIONS = 4;

export async function openStore(tab: string): Promise<SessionStore> {
  const database = await openDB<Schema>('secateur', 1, {
    upgrade(db) {
      db.createObjectStore('parts');
      db.createObjectStore('sessions', { keyPath: 'id' });
    },
  });
  return new DatabaseStore(database, await claimSession(database, tab));
}

/** Parts that hold byte arrays somewhere inside. */
const bearsBytes: Readonly<Record<keyof Kept, boolean>> = {
  original: true,
  present: true,
  data: true,
  training: true,
  // Its weights are blobs already.
  earlier: false,
  session: false,
  curve: false,
};

/** The tab's own session; else the latest one that no other tab holds; else a new one. */
async function claimSession(database: IDBPDatabase<Schema>, tab: string): Promise<string> {
  const known = await database.getAll('sessions');
  const latest = known.sort((a, b) => b.changedAt - a.changedAt).map(({ id }) => id);
  // After a reload the worker before may still be on its way out.
  if (latest.includes(tab) && (await claim(tab, { signal: AbortSignal.timeout(2000) }))) return tab;
  for (const id of latest) if (id !== tab && (await claim(id, { ifAvailable: true }))) return id;
  const fresh = latest.includes(tab) ? crypto.randomUUID() : tab;
  await claim(fresh, { ifAvailable: true });
  return fresh;
}

/** Takes the session's lock for as long as this worker lives. */
const claim = (id: string, options: LockOptions): Promise<boolean> =>
  new Promise((resolve) => {
    navigator.locks
      .request(`secateur-session-${id}`, options, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise(() => {});
      })
      .catch(() => resolve(false));
  });

class DatabaseStore implements SessionStore {
  readonly #database: IDBPDatabase<Schema>;
  readonly #id: string;

  constructor(database: IDBPDatabase<Schema>, id: string) {
    this.#database = database;
    this.#id = id;
  }

  async load(): Promise<Kept | undefined> {
    const tx = this.#database.transaction('parts');
    const [keys, values] = await Promise.all([
      tx.store.getAllKeys(this.#parts),
      tx.store.getAll(this.#parts),
    ]);
    const parts = await Promise.all(
      keys.map(async ([, part], i) => {
        const value: unknown = values[i];
        return [part, bearsBytes[part as keyof Kept] ? await awake(value) : value] as const;
      }),
    );
    const kept: Partial<Kept> = Object.fromEntries(parts);
    return kept.original && kept.session ? (kept as Kept) : undefined;
  }

  /** @throws ModelError `no-room` when the browser gives no more; what was kept before is still there */
  async save(changes: KeptChanges): Promise<void> {
    const tx = this.#database.transaction(['parts', 'sessions'], 'readwrite');
    const parts = tx.objectStore('parts');
    const writes = Object.entries(changes).map(([part, value]) =>
      value === undefined
        ? parts.delete([this.#id, part])
        : parts.put(bearsBytes[part as keyof Kept] ? atRest(value) : value, [this.#id, part]),
    );
    const stamp = tx.objectStore('sessions').put({ id: this.#id, changedAt: Date.now() });
    try {
      await Promise.all([...writes, stamp, tx.done]);
    } catch (error) {
      throw isQuota(error) || isQuota(tx.error) ? noRoom() : error;
    }
    if (changes.original) await this.#forgetOthers();
  }

  async clear(): Promise<void> {
    await this.#delete(this.#id);
  }

  get #parts(): IDBKeyRange {
    return partsOf(this.#id);
  }

  async #forgetOthers(): Promise<void> {
    const sessions = await this.#database.getAll('sessions');
    const old = sessions.sort((a, b) => b.changedAt - a.changedAt).slice(KEPT_SESSIONS);
    for (const { id } of old) if (id !== this.#id) await this.#delete(id);
  }

  async #delete(id: string): Promise<void> {
    const tx = this.#database.transaction(['parts', 'sessions'], 'readwrite');
    void tx.objectStore('parts').delete(partsOf(id));
    void tx.objectStore('sessions').delete(id);
    await tx.done;
  }
}

const isQuota = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'QuotaExceededError';

const noRoom = (): ModelError =>
  new ModelError({
    code: 'no-room',
    where: 'browser storage',
    message: 'The browser gives this page no more room.',
    hint: 'Save the session as a file, or free some space.',
  });

const partsOf = (id: string): IDBKeyRange => IDBKeyRange.bound([id, ''], [id, '￿']);
