// How the ratio is spread over several steps.

import { ModelError } from '../lib/errors.ts';

/** What is to be reached after `step` of `steps` (1-based) on the way to `ratio`: 0 … ratio, not falling. */
export type Schedule = (ratio: number, step: number, steps: number) => number;

/** The same increment in every step. */
const linear: Schedule = (ratio, step, steps) => (ratio * step) / steps;

/**
 * Much at first, while there is redundancy, and ever less: 1 - (1 - t)³ of the ratio.
 * Zhu and Gupta, "To prune, or not to prune", 2017, eq. 1.
 */
const cubic: Schedule = (ratio, step, steps) => ratio * (1 - (1 - step / steps) ** 3);

/** The same fraction of what is left in every step. */
const geometric: Schedule = (ratio, step, steps) =>
  step === steps ? ratio : 1 - (1 - ratio) ** (step / steps);

export const schedules = { linear, cubic, geometric } as const satisfies Record<string, Schedule>;

export type ScheduleName = keyof typeof schedules;
export const scheduleNames = Object.keys(schedules) as readonly ScheduleName[];

/** @throws ModelError `bad-option` */
export function scheduleOf(name: string): Schedule {
  if (name in schedules) return schedules[name as ScheduleName];
  throw new ModelError({
    code: 'bad-option',
    where: 'schedule',
    message: `There is no schedule called "${name}".`,
    hint: `Choose one of ${scheduleNames.join(', ')}, or give a function.`,
  });
}
