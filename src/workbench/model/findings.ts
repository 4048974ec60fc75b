// What reading and analysis found worth telling of a model. Detectors repeat themselves for every class, and exporters
// unroll loops: what is true of many nodes is told once, with their number.

import type { Problem } from '../../lib/errors.ts';
import { grouped } from '../../lib/grouped.ts';

/** Each finding once: of those that differ in the name of the place alone the first, and how many more there are. */
export function toldOnce(problems: readonly Problem[]): Problem[] {
  const alike = grouped(
    problems,
    ({ code, message, where }) => `${code} ${message.replaceAll(`"${where}"`, '')}`,
  );
  return [...alike.values()].map(([first, ...others]) => {
    const places = new Set(others.map(({ where }) => where)).size;
    if (places === 0) return first;
    const more = places === 1 ? `"${others[0].where}"` : `${places} others`;
    return { ...first, message: `${first.message} The same goes for ${more}.` };
  });
}
