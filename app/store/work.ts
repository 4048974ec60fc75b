// What is under way, what went wrong, and the one line that says how things stand.

import { type Problem, problemOf } from '../../src/lib/errors.ts';
import type { Slice } from './state.ts';

export interface WorkSlice {
  /** What the engine is doing, as a person would say it: `Opening resnet50.onnx`. */
  readonly work: string | undefined;
  readonly problems: readonly Problem[];
  /** The line of the status bar. */
  readonly status: string;
  /** Does `job` under a name; a failure becomes a problem on the page and `undefined` here. */
  during<T>(work: string, job: () => Promise<T>): Promise<T | undefined>;
  complain(problem: Problem): void;
  dismiss(problem: Problem): void;
  say(status: string): void;
}

export const workSlice: Slice<WorkSlice> = (set, get) => ({
  work: undefined,
  problems: [],
  status: '',
  async during(work, job) {
    set({ work });
    try {
      return await job();
    } catch (error) {
      get().complain(problemOf(error));
      return undefined;
    } finally {
      set({ work: undefined });
    }
  },
  complain: (problem) =>
    set(({ problems }) => ({
      problems: [...problems.filter(({ message }) => message !== problem.message), problem].slice(-3),
    })),
  dismiss: (problem) => set(({ problems }) => ({ problems: problems.filter((each) => each !== problem) })),
  say: (status) => set({ status }),
});
