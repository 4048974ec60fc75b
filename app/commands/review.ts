// Walking through a step's candidates. The keys are those of the best reviewing tools: `git add -p`, Prodigy, Lightroom.

import {
  ArrowDown,
  ArrowUp,
  Check,
  CheckCheck,
  CirclePlay,
  Gauge,
  History,
  ListFilter,
  Lock,
  MousePointerClick,
  Scissors,
  SkipForward,
  Trash2,
  Undo2,
  X,
} from 'lucide-react';
import { currentCandidate, goingUnits } from '../store/review.ts';
import type { AppState } from '../store/state.ts';
import {
  always,
  type Command,
  firstOf,
  whenIdle,
  withData,
  withModel,
  withoutStep,
  withRunnable,
  withStep,
} from './command.ts';

const withCandidate: Command['whyNot'] = (state) =>
  withStep(state) ?? (currentCandidate(state) ? undefined : 'Choose a candidate first.');

export const startStep: Command = {
  id: 'start-step',
  label: 'Start step',
  about: 'Score the groups and propose what could go. Nothing is cut before you apply.',
  icon: CirclePlay,
  section: 'Review',
  keys: ['Enter'],
  whyNot: firstOf(whenIdle, withModel, withoutStep),
  perform: ({ startStep }) => startStep(),
};

export const accept: Command = {
  id: 'accept',
  label: 'Accept',
  about: 'Let the proposed channels of this candidate go when the step is applied.',
  icon: Check,
  section: 'Review',
  keys: ['Y', 'A'],
  whyNot: withCandidate,
  perform: ({ decide, picked }) => decide({ verdict: 'accepted', ...(picked ? { units: picked } : {}) }),
};

export const reject: Command = {
  id: 'reject',
  label: 'Reject',
  about: 'Keep these channels. They are not proposed again until you release them.',
  icon: X,
  section: 'Review',
  keys: ['N', 'X'],
  whyNot: withCandidate,
  perform: (state) => state.decide({ verdict: 'rejected', ...reasonOf(state) }),
};

const reasonOf = ({ reason }: AppState): { reason?: string } =>
  reason.trim() ? { reason: reason.trim() } : {};

export const skip: Command = {
  id: 'skip',
  label: 'Skip',
  about: 'Leave it as it is in this step; it may be proposed again in the next.',
  icon: SkipForward,
  section: 'Review',
  keys: ['Space'],
  whyNot: withCandidate,
  perform: ({ decide }) => decide({ verdict: 'skipped' }),
};

export const undo: Command = {
  id: 'undo',
  label: 'Undo',
  about: 'Take the last decision back.',
  icon: Undo2,
  section: 'Review',
  keys: ['U', 'Backspace'],
  whyNot: (state) =>
    withStep(state) ??
    (state.session?.step?.decisions.length || state.sent.size > 0 ? undefined : 'Nothing was decided yet.'),
  perform: ({ undoDecision }) => undoDecision(),
};

export const next: Command = {
  id: 'next',
  label: 'Next candidate',
  about: 'Go to the candidate below without deciding.',
  icon: ArrowDown,
  section: 'Review',
  keys: ['J', 'ArrowDown'],
  whyNot: withStep,
  perform: ({ move }) => move(1),
};

export const previous: Command = {
  id: 'previous',
  label: 'Previous candidate',
  about: 'Go to the candidate above without deciding.',
  icon: ArrowUp,
  section: 'Review',
  keys: ['K', 'ArrowUp'],
  whyNot: withStep,
  perform: ({ move }) => move(-1),
};

export const acceptAlike: Command = {
  id: 'accept-alike',
  label: 'All alike',
  about: 'Accept this candidate and every undecided one of the same structure.',
  icon: CheckCheck,
  section: 'Review',
  keys: ['Shift+A'],
  whyNot: (state) =>
    withCandidate(state) ??
    ((currentCandidate(state)?.alike.length ?? 0) > 1 ? undefined : 'No other candidate has this structure.'),
  perform: ({ acceptAlike }) => acceptAlike(),
};

export const pickChannels: Command = {
  id: 'pick-channels',
  label: 'Channels',
  about: 'Choose channel by channel which of this candidate go.',
  icon: MousePointerClick,
  section: 'Review',
  keys: ['S'],
  whyNot: withCandidate,
  perform(state) {
    const candidate = currentCandidate(state);
    if (candidate) state.setPicked(state.picked ? undefined : goingUnits(candidate));
  },
};

export const lock: Command = {
  id: 'lock',
  label: 'Lock',
  about: 'Keep this group for good, or release it again if it was locked.',
  icon: Lock,
  section: 'Review',
  keys: ['L'],
  whyNot: (state) =>
    currentCandidate(state) || state.selectedGroup ? undefined : 'Choose a candidate or a group first.',
  perform: ({ toggleLock }) => toggleLock(),
};

export const filter: Command = {
  id: 'filter',
  label: 'Find',
  about: 'Filter the candidates, or the groups when no step is under review.',
  icon: ListFilter,
  section: 'Review',
  keys: ['/'],
  whyNot: withModel,
  perform: () => document.querySelector<HTMLInputElement>('[data-filter]')?.focus(),
};

export const applyStep: Command = {
  id: 'apply-step',
  label: 'Apply step',
  about: 'Cut what was accepted, once, and say what was removed.',
  icon: Scissors,
  section: 'Review',
  keys: ['Mod+Enter'],
  whyNot: firstOf(withStep, whenIdle),
  perform: ({ applyStep }) => applyStep(),
};

export const tryOut: Command = {
  id: 'try-out',
  label: 'Try it out',
  about: 'Accuracy on held-out examples with what is decided so far taken out. Nothing is cut.',
  icon: Gauge,
  section: 'Review',
  keys: ['M'],
  whyNot: firstOf(withStep, whenIdle, withData, withRunnable),
  perform: ({ tryOut }) => tryOut(),
};

export const cancelStep: Command = {
  id: 'cancel-step',
  label: 'Cancel step',
  about: 'Drop the step: nothing is cut, no decision is remembered.',
  icon: Trash2,
  section: 'Review',
  keys: [],
  whyNot: firstOf(withStep, whenIdle),
  perform: ({ cancelStep }) => cancelStep(),
};

export const goBack: Command = {
  id: 'go-back',
  label: 'Undo last step',
  about: 'Bring back what the last step cut, and the weights of that time.',
  icon: History,
  section: 'Review',
  keys: [],
  whyNot: firstOf(withoutStep, whenIdle, ({ session }) =>
    session?.earlier?.length ? undefined : 'No step has cut anything yet.',
  ),
  perform: ({ session, askBack }) => askBack(session?.earlier?.at(-1)),
};

export const clearChoice: Command = {
  id: 'clear-choice',
  label: 'Let go',
  about: 'Leave single channels, or the chosen group.',
  icon: X,
  section: 'View',
  keys: ['Escape'],
  whyNot: always,
  perform({ picked, setPicked, selectGroup }) {
    if (picked) setPicked(undefined);
    else selectGroup(undefined);
  },
};
