// Finds the command record, runs it and prints its result. Results go to standard output, progress and failures to
// standard error; the exit status is 0, 1 for a failure, 2 for wrong usage, 130 for a command that an interrupt cut short.

import { problemOf } from '../lib/errors.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { helpOf, overview } from './help.ts';
import { parse } from './parse.ts';

/** Where text goes: the process's streams, or a test's. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Has the next interrupt call this instead of ending the program. */
  onInterrupt?(listener: () => void): void;
  /** Whether failures inside the program show where they happened. */
  readonly debug?: boolean;
}

/** @returns the exit status */
export async function execute(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = argv;
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) {
    const asked = name === undefined || name === 'help' || name === '--help' || name === '-h';
    if (asked) terminal.out(overview());
    else terminal.err(`There is no command "${name}".\n\n${overview()}`);
    return asked ? 0 : 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.out(helpOf(command));
    return 0;
  }
  let interrupt: AbortController | undefined;
  const interruption = () => {
    if (!interrupt) {
      const controller = new AbortController();
      interrupt = controller;
      terminal.onInterrupt?.(() => controller.abort());
    }
    return interrupt.signal;
  };
  try {
    const args = parse(command, rest);
    const progress = (line: string) => terminal.err(`${line}\n`);
    const result = await command.run(args, { progress, interruption });
    terminal.out(`${args.given('json') ? JSON.stringify(result) : command.print(result as never)}\n`);
    return interrupt?.signal.aborted ? 130 : 0;
  } catch (error) {
    return fail(command, error, terminal);
  }
}

function fail(command: Command, error: unknown, terminal: Terminal): number {
  const problem = problemOf(error);
  const hint = problem.hint ? ` ${problem.hint}` : '';
  terminal.err(`secateur ${command.name}: ${problem.message}${hint}\n`);
  if (problem.code === 'usage') {
    terminal.err(`\n${helpOf(command)}`);
    return 2;
  }
  if (problem.code === 'internal' && error instanceof Error && terminal.debug)
    terminal.err(`${error.stack}\n`);
  return 1;
}
