// Numbers as a person reads them.

export const thinSpace = '\u202f';

/** `11.7 M`, `4.09 G`, `640`: three significant digits and the unit prefix. */
export function compact(value: number): string {
  const size = Math.abs(value);
  if (size < 1000) return String(Number(value.toPrecision(3)));
  const power = Math.min(4, Math.floor(Math.log10(size) / 3));
  const scaled = value / 1000 ** power;
  const rounded = Number(scaled.toPrecision(3));
  if (Math.abs(rounded) >= 1000 && power < 4) return `${rounded / 1000}${thinSpace}${prefixes[power + 1]}`;
  return `${rounded}${thinSpace}${prefixes[power]}`;
}
const prefixes = ['', 'k', 'M', 'G', 'T'];

export const exact = (value: number): string => value.toLocaleString('en-US');

/** A fraction as a percentage: `31 %`, `3.1 %`, `0.31 %`. */
export function percent(fraction: number): string {
  const value = fraction * 100;
  const size = Math.abs(value);
  const digits = size >= 10 || size === 0 ? 0 : size >= 0.995 ? 1 : 2;
  return `${value.toFixed(digits)}${thinSpace}%`;
}

/** Accuracy keeps one digit: a point is what people argue about. */
export const accuracy = (fraction: number): string => `${(fraction * 100).toFixed(1)}${thinSpace}%`;

/** What was measured on held-out examples; where targets are no classes there is a loss only. */
export const measured = (found: {
  readonly loss: number;
  readonly accuracy?: number;
  readonly examples: number;
}): string =>
  `${found.accuracy === undefined ? `loss ${decimal(found.loss)}` : `accuracy ${accuracy(found.accuracy)}`} on ${plural(found.examples, 'held-out example')}`;

/** The change from one size to another: `−31 %`, `±0 %`. */
export function change(before: number, after: number): string {
  if (before === after || before === 0) return `±0${thinSpace}%`;
  const fraction = after / before - 1;
  return `${fraction < 0 ? '−' : '+'}${percent(Math.abs(fraction))}`;
}

export function bytes(count: number): string {
  if (count < 1000) return `${count}${thinSpace}B`;
  const power = Math.min(3, Math.floor(Math.log10(count) / 3));
  return `${Number((count / 1000 ** power).toPrecision(3))}${thinSpace}${['B', 'kB', 'MB', 'GB'][power]}`;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${exact(count)} ${count === 1 ? one : many}`;

/** A loss or a score. */
export const decimal = (value: number): string =>
  !Number.isFinite(value)
    ? '–'
    : Math.abs(value) >= 1e-5 || value === 0
      ? value.toPrecision(3)
      : value.toExponential(1);

/** As many digits as `step` has, which is what lies between two numbers: the marks of an axis. */
export function fixed(value: number, step: number): string {
  const isWhole = (scaled: number) => Math.abs(scaled - Math.round(scaled)) < 1e-6;
  let digits = 0;
  while (digits < 12 && !isWhole(step * 10 ** digits)) digits++;
  return value.toFixed(digits);
}

/** `14:03`, in the person's own zone. */
export const clock = (at: number): string =>
  new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds}${thinSpace}s`;
  return `${Math.floor(seconds / 60)}${thinSpace}min ${seconds % 60}${thinSpace}s`;
}
