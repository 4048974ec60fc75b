// What crosses between a page and the worker that holds its engine. Comlink carries the calls; this file says what they
// carry: failures as data, states as the difference to the one before, bytes as copies that change hands.

import { transfer } from 'comlink';
import { ModelError, type Problem } from '../lib/errors.ts';
import type { Engine, SessionState, TrainProgress } from '../workbench/engine.ts';

/** A call that failed is an answer too: `postMessage` would strip a `ModelError` of its fields. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new ModelError(outcome.problem);
}

/** The methods of an engine that are pulled from. */
export type Runs = Pick<Engine, 'train' | 'resume'>;
export type RunName = keyof Runs;

/** The methods of an engine that take plain data and answer once. */
export type Calls = Omit<Engine, 'listen' | RunName>;
export type CallName = keyof Calls;
export type CallArguments<K extends CallName> = Parameters<Calls[K]>;
export type CallResult<K extends CallName> = Awaited<ReturnType<Calls[K]>>;

/** A record, so that a method that is forgotten here does not compile. */
const callNames: Readonly<Record<CallName, true>> = {
  open: true,
  openSample: true,
  openData: true,
  normaliseData: true,
  openGeneratedData: true,
  sampleData: true,
  answers: true,
  close: true,
  draw: true,
  explain: true,
  startStep: true,
  decide: true,
  decideAll: true,
  undo: true,
  tryOut: true,
  applyStep: true,
  cancelStep: true,
  goBack: true,
  release: true,
  repair: true,
  evaluate: true,
  exportModel: true,
  exportRecipe: true,
  provenance: true,
  save: true,
  restore: true,
  recover: true,
};

/** An object with every call, each made by `call`. */
export const everyCall = (
  call: <K extends CallName>(name: K) => (...args: CallArguments<K>) => Promise<CallResult<K>>,
): Calls =>
  Object.fromEntries((Object.keys(callNames) as CallName[]).map((name) => [name, call(name)])) as never;

/** A running generator, pulled from the other side: not pulling is pausing. */
export interface RemoteRun {
  next(): Promise<Outcome<IteratorResult<TrainProgress, void>>>;
  stop(): Promise<Outcome<void>>;
}

/** What the worker exposes. */
export interface Host {
  /** Holds the named Web Lock as long as the worker lives; the browser gives it back when the worker dies. */
  holdLock(name: string): Promise<void>;
  listen(listener: (patch: StatePatch) => void | Promise<void>): Promise<void>;
  call<K extends CallName>(name: K, args: CallArguments<K>): Promise<Outcome<CallResult<K>>>;
  run<K extends RunName>(name: K, args: Parameters<Runs[K]>): Promise<RemoteRun>;
}

// ---------------------------------------------------------------- states

/** Lists that mostly grow: a training pass adds thousands of points one by one. */
type GrowingList = 'log' | 'costs' | 'curve';
const growingLists = ['log', 'costs', 'curve'] as const satisfies readonly GrowingList[];

/** A state told by what changed since the one before. */
export interface StatePatch {
  readonly changed: Partial<SessionState>;
  readonly appended: { readonly [K in GrowingList]?: SessionState[K] };
}

export function diffStates(previous: SessionState | undefined, next: SessionState): StatePatch {
  if (!previous) return { changed: next, appended: {} };
  const changed: Record<string, unknown> = {};
  const appended: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(previous), ...Object.keys(next)]) as Set<keyof SessionState>)
    if (previous[key] !== next[key]) changed[key] = next[key];
  for (const key of growingLists) {
    if (!(key in changed) || !continues(previous[key], next[key])) continue;
    delete changed[key];
    appended[key] = next[key].slice(previous[key].length);
  }
  return { changed, appended };
}

/** Whether `next` begins with the very same entries; the ends stand for the whole, since lists are never edited. */
const continues = (previous: readonly unknown[], next: readonly unknown[]): boolean =>
  previous.length <= next.length &&
  previous[0] === next[0 % Math.max(1, previous.length)] &&
  previous.at(-1) === next[previous.length - 1];

export function applyPatch(
  previous: SessionState | undefined,
  { changed, appended }: StatePatch,
): SessionState {
  const next = { ...previous, ...changed } as SessionState;
  const grown = Object.entries(appended).map(([key, tail]) => [
    key,
    ((next[key as GrowingList] as readonly unknown[] | undefined) ?? []).concat(tail),
  ]);
  return { ...next, ...Object.fromEntries(grown) };
}

// ---------------------------------------------------------------- bytes

/**
 * A copy of plain data whose byte arrays are handed over instead of cloned. The copy keeps the sender's arrays alive, and
 * keeps a small view from dragging its whole buffer along.
 */
export function handOver<T>(value: T): T {
  const buffers: ArrayBuffer[] = [];
  const copy = copyBytes(value, buffers);
  return copy !== null && typeof copy === 'object' && buffers.length > 0 ? transfer(copy, buffers) : copy;
}

function copyBytes<T>(value: T, buffers: ArrayBuffer[]): T {
  if (value instanceof Uint8Array) {
    const copy = new Uint8Array(value);
    buffers.push(copy.buffer);
    return copy as T;
  }
  if (Array.isArray(value)) return value.map((item) => copyBytes(item, buffers)) as T;
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copyBytes(part, buffers)])) as T;
}

const isPlain = (value: unknown): value is object =>
  value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
