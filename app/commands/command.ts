// One record per thing a person can do. Buttons, the palette, the keyboard and the help page are all made from it.

import type { LucideIcon } from 'lucide-react';
import type { AppState } from '../store/state.ts';

export type Section = 'Model' | 'Review' | 'Training' | 'View';

export interface Command {
  readonly id: string;
  /** As on the button; its accessible name, to the letter. */
  readonly label: string;
  /** One sentence, for the help page and the palette. */
  readonly about: string;
  readonly icon: LucideIcon;
  readonly section: Section;
  /** `Y`, `Shift+A`, `Mod+K`, `Space`; any of them. */
  readonly keys: readonly string[];
  /** Why it cannot be done now; `undefined` when it can. */
  readonly whyNot: (state: AppState) => string | undefined;
  readonly perform: (state: AppState) => void | Promise<void>;
}

// ---------------------------------------------------------------- common reasons

type WhyNot = Command['whyNot'];

/** The first reason that applies. */
export const firstOf =
  (...reasons: readonly WhyNot[]): WhyNot =>
  (state) => {
    for (const reason of reasons) {
      const why = reason(state);
      if (why) return why;
    }
    return undefined;
  };

export const always: WhyNot = () => undefined;

export const whenIdle: WhyNot = ({ session, work, training }) => {
  if (!session) return 'The engine is starting.';
  if (work ?? session.busy) return `${work ?? session.busy?.task}…`;
  return training ? 'A training pass is running.' : undefined;
};

export const withModel: WhyNot = ({ session }) => (session?.model ? undefined : 'Open a model first.');

export const withData: WhyNot = ({ session }) =>
  session?.data ? undefined : 'There is no data to run on: open some.';

export const withRunnable: WhyNot = ({ session }) =>
  session?.model?.trainable.ok === false ? session.model.trainable.why : undefined;

export const withStep: WhyNot = ({ session, ending }) => {
  if (!session?.step) return 'No step is under review: start one.';
  return ending ? 'The step is being ended.' : undefined;
};

export const withoutStep: WhyNot = ({ session }) =>
  session?.step ? 'A step is under review: apply it or put it away first.' : undefined;
