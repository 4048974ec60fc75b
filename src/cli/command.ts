// A command of the terminal: one record that the parser, the help text and the runner all read.

import type { ParseArgsConfig } from 'node:util';

/** One option. `value` names its argument in the help text; without it the option is a switch. */
export interface Option {
  readonly help: string;
  readonly value?: string;
  readonly short?: string;
  readonly multiple?: boolean;
  readonly fallback?: string;
}

/** What a number may be. */
export interface Range {
  readonly min?: number;
  /** It must be greater. */
  readonly above?: number;
  readonly max?: number;
  readonly integer?: boolean;
}

export interface Arguments {
  /** Positional arguments. */
  readonly operands: readonly string[];
  /** The last value given, or the fallback. */
  text(option: string): string | undefined;
  /** @throws ModelError `usage` when it is no number or outside of `range`. */
  number(option: string, range?: Range): number;
  /** One of `choices`. @throws ModelError `usage` for anything else. */
  choice<T extends string>(option: string, choices: readonly T[]): T;
  all(option: string): readonly string[];
  given(option: string): boolean;
}

/** Where a command writes: results to standard output, progress to standard error. */
export interface Console {
  progress(line: string): void;
  /**
   * Aborts when the person interrupts (Ctrl-C). Whoever asks for it ends early and keeps what there is; a command that
   * does not is ended by the system, and so is any at the second interrupt.
   */
  interruption(): AbortSignal;
}

export interface Command {
  readonly name: string;
  readonly operands: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Does the work and returns plain data: what `--json` prints. */
  readonly run: (args: Arguments, console: Console) => Promise<object>;
  /** The same result for a person. */
  readonly print: (result: never) => string;
}

/** Checks a command whose result type is known and erases that type. */
export const command = <R extends object>(
  record: Omit<Command, 'run' | 'print'> & {
    run: (args: Arguments, console: Console) => Promise<R>;
    print: (result: R) => string;
  },
): Command => record;

/** The options in the form `node:util` parses. */
export const parserOptions = (
  options: Readonly<Record<string, Option>>,
): NonNullable<ParseArgsConfig['options']> =>
  Object.fromEntries(
    Object.entries(options).map(([name, { value, short, multiple }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
        ...(multiple === undefined ? {} : { multiple }),
      },
    ]),
  );
