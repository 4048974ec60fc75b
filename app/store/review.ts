// Walking through the candidates of a step. Decisions go to the engine one after the other; the page moves on at once, so
// that a person can type as fast as they can judge.

import { problemOf } from '../../src/lib/errors.ts';
import type { CandidateSummary, Decision, Evaluated, OpenStep, Verdict } from '../../src/workbench/engine.ts';
import { measured } from '../text/numbers.ts';
import type { AppState, Slice } from './state.ts';

export type Which = 'all' | 'undecided';

export interface ReviewSlice {
  /** Id of the candidate in hand. */
  readonly current: string | undefined;
  readonly which: Which;
  readonly filter: string;
  /** Units chosen one by one for the candidate in hand; `undefined` while the proposal stands as it is. */
  readonly picked: readonly number[] | undefined;
  /** Why the candidate in hand would be rejected, in the person's words. */
  readonly reason: string;
  /** What the decisions so far would do to the accuracy, as last tried out; stale after another decision. */
  readonly tried: { readonly figures: Evaluated; readonly decisions: number } | undefined;
  /** The step is being applied or cancelled. */
  readonly ending: boolean;
  /** Decisions on their way to the engine. */
  readonly sent: ReadonlyMap<string, Verdict>;
  goTo(candidate: string | undefined): void;
  move(by: 1 | -1): void;
  setWhich(which: Which): void;
  setFilter(filter: string): void;
  setPicked(units: readonly number[] | undefined): void;
  setReason(reason: string): void;
  /** Decides the candidate in hand and moves to the next undecided one. */
  decide(decision: Decision): Promise<void>;
  acceptAlike(): Promise<void>;
  undoDecision(): Promise<void>;
  /** Resolves when every decision so far has reached the engine. */
  decisionsSent(): Promise<void>;
  /** Measures what the decisions so far would leave, before anything is cut. */
  tryOut(): Promise<void>;
  /** Keeps the candidate's whole group, or the chosen one, out of every step; or lets it in again. */
  toggleLock(): Promise<void>;
}

export const reviewSlice: Slice<ReviewSlice> = (set, get, _store, engine) => {
  let queue: Promise<unknown> = Promise.resolve();
  const inOrder = (job: () => Promise<void>): Promise<void> => {
    const done = queue.then(job).catch((error) => get().complain(problemOf(error)));
    queue = done;
    return done;
  };
  const send = (ids: readonly string[], decision: Decision): Promise<void> => {
    set(({ sent }) => ({ sent: new Map([...sent, ...ids.map((id) => [id, decision.verdict] as const)]) }));
    return inOrder(async () => {
      try {
        const [first] = ids;
        if (ids.length > 1) await engine.decideAll(ids, decision);
        else if (first !== undefined) await engine.decide(first, decision);
      } finally {
        set(({ sent }) => ({ sent: new Map([...sent].filter(([id]) => !ids.includes(id))) }));
      }
    });
  };
  const advance = () => {
    set({ picked: undefined, reason: '' });
    const next = nextUndecided(get());
    get().goTo(next);
    if (next && verdictOf(get(), next) !== 'undecided')
      get().say('Every candidate in the list is decided: apply the step.');
  };

  return {
    current: undefined,
    which: 'all',
    filter: '',
    picked: undefined,
    reason: '',
    tried: undefined,
    ending: false,
    sent: new Map(),
    goTo(candidate) {
      const { current, session } = get();
      if (candidate === current) return;
      const group = session?.step?.candidates.find(({ id }) => id === candidate)?.group;
      set({ current: candidate, picked: undefined, reason: '', ...(group ? { selectedGroup: group } : {}) });
    },
    move(by) {
      const state = get();
      const list = visibleCandidates(state);
      const at = list.findIndex(({ id }) => id === state.current);
      const next = at < 0 ? list[0] : list[at + by];
      if (next) get().goTo(next.id);
    },
    setWhich: (which) => set({ which }),
    setFilter: (filter) => set({ filter }),
    setPicked: (picked) => set({ picked }),
    setReason: (reason) => set({ reason }),
    async decide(decision) {
      const { current } = get();
      if (!current) return;
      const done = send([current], decision);
      advance();
      await done;
    },
    async acceptAlike() {
      const state = get();
      const candidate = currentCandidate(state);
      if (!candidate) return;
      const open = candidate.alike.filter(
        (id) => id === candidate.id || verdictOf(state, id) === 'undecided',
      );
      const done = send(open, { verdict: 'accepted' });
      advance();
      await done;
    },
    undoDecision: () =>
      inOrder(async () => {
        const last = get().session?.step?.decisions.at(-1);
        if (!last) return;
        get().goTo(last.candidate);
        await engine.undo();
      }),
    async decisionsSent() {
      await queue;
    },
    async tryOut() {
      const tried = await get().during('Trying the step out', async () => {
        await queue;
        const decisions = get().session?.step?.decisions.length ?? 0;
        const figures = await engine.tryOut({ examples: 512, backend: get().trainOptions.backend });
        return { figures, decisions };
      });
      if (!tried) return;
      set({ tried });
      get().say(`With the step so far: ${measured(tried.figures)}.`);
    },
    async toggleLock() {
      const { session, selectedGroup, stepOptions, setStepOptions } = get();
      const candidate = currentCandidate(get());
      const group = session?.model?.groups.find(({ id }) => id === (candidate?.group ?? selectedGroup));
      if (!group) return;
      const locked = stepOptions.ignore.includes(group.root);
      setStepOptions({
        ignore: locked
          ? stepOptions.ignore.filter((name) => name !== group.root)
          : [...stepOptions.ignore, group.root],
      });
      if (locked) await inOrder(() => engine.release(group.id));
      if (candidate)
        await get().decide(
          locked ? { verdict: 'undecided' } : { verdict: 'rejected', reason: get().reason || 'Locked' },
        );
    },
  };
};

export const currentCandidate = ({ session, current }: AppState): CandidateSummary | undefined =>
  session?.step?.candidates.find(({ id }) => id === current);

/** Units that go if the candidate is accepted as it stands: chosen one by one, or proposed. */
export const goingUnits = ({ chosen, remove }: CandidateSummary): readonly number[] => chosen ?? remove;

export const verdictOf = ({ session, sent }: AppState, id: string): Verdict =>
  sent.get(id) ?? session?.step?.candidates.find((each) => each.id === id)?.verdict ?? 'undecided';

/** Candidates that the filter lets through; the one in hand stays, whatever it says. */
export function visibleCandidates(state: AppState): readonly CandidateSummary[] {
  const { session, filter, which, current, groupNames } = state;
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return (session?.step?.candidates ?? []).filter((candidate) => {
    if (candidate.id === current) return true;
    if (which === 'undecided' && verdictOf(state, candidate.id) !== 'undecided') return false;
    const { node, root, kind, group } = candidate;
    const text = `${groupNames.get(group) ?? ''} ${node} ${root} ${kind}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The next undecided candidate after the one in hand, from the top again at the end; else the one in hand. */
function nextUndecided(state: AppState): string | undefined {
  const list = visibleCandidates(state);
  const at = list.findIndex(({ id }) => id === state.current);
  const turned = [...list.slice(at + 1), ...list.slice(0, Math.max(0, at))];
  return turned.find(({ id }) => verdictOf(state, id) === 'undecided')?.id ?? state.current;
}

export interface Tally {
  readonly accepted: number;
  readonly rejected: number;
  readonly skipped: number;
  readonly undecided: number;
}

export function tally(step: OpenStep): Tally {
  const counts = { accepted: 0, rejected: 0, skipped: 0, undecided: 0 };
  for (const { verdict } of step.candidates) counts[verdict]++;
  return counts;
}
