#!/usr/bin/env node
// The command line: finds the command record, parses its options, prints its result. Results go to standard output,
// progress and failures to standard error; the exit status is 0, 1 for a failure, 2 for wrong usage.

import { parseArgs } from 'node:util';
import { ModelError, problemOf } from '../lib/errors.ts';
import { type Arguments, type Command, parserOptions } from './command.ts';
import { commands } from './commands.ts';

export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) {
    const asked = name === undefined || name === 'help' || name === '--help' || name === '-h';
    (asked ? process.stdout : process.stderr).write(
      asked ? overview() : `There is no command "${name}".\n\n${overview()}`,
    );
    return asked ? 0 : 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(helpOf(command));
    return 0;
  }
  try {
    const args = parse(command, rest);
    const result = await command.run(args, { progress: (line) => process.stderr.write(`${line}\n`) });
    process.stdout.write(
      args.given('json') ? `${JSON.stringify(result)}\n` : `${command.print(result as never)}\n`,
    );
    return 0;
  } catch (error) {
    return fail(command, error);
  }
}

function fail(command: Command, error: unknown): number {
  const problem = problemOf(error);
  const usage = problem.code === 'usage';
  process.stderr.write(
    `secateur ${command.name}: ${problem.message}${problem.hint ? ` ${problem.hint}` : ''}\n`,
  );
  if (usage) process.stderr.write(`\n${helpOf(command)}`);
  if (problem.code === 'internal' && error instanceof Error && process.env.DEBUG)
    process.stderr.write(`${error.stack}\n`);
  return usage ? 2 : 1;
}

const usageError = (message: string) => new ModelError({ code: 'usage', where: 'command line', message });

const json: Command['options'] = { json: { help: 'print the result as one line of JSON' } };

function parse(command: Command, argv: readonly string[]): Arguments {
  const options: Command['options'] = { ...command.options, ...json };
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...argv], options: parserOptions(options), allowPositionals: true });
  } catch (error) {
    throw usageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  const wanted = command.operands === '' ? 0 : command.operands.split(' ').length;
  if (positionals.length !== wanted)
    throw usageError(
      `It takes ${command.operands || 'no operand'}, and got ${positionals.length || 'none'}.`,
    );
  const all = (name: string): string[] => {
    const value = values[name] ?? options[name]?.fallback;
    if (value === undefined || typeof value === 'boolean') return [];
    return (Array.isArray(value) ? value : [value]).map(String);
  };
  const text = (name: string) => all(name).at(-1);
  return {
    operands: positionals,
    all,
    text,
    given: (name) => values[name] !== undefined && values[name] !== false,
    number(name, { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, integer = false } = {}) {
      const value = Number(text(name));
      if (!Number.isFinite(value) || value < min || value > max || (integer && !Number.isInteger(value)))
        throw usageError(
          `--${name} takes ${integer ? 'a whole number' : 'a number'}${rangeText(min, max)}, not "${text(name)}".`,
        );
      return value;
    },
    choice(name, choices) {
      const value = text(name);
      const choice = choices.find((candidate) => candidate === value);
      if (choice === undefined)
        throw usageError(`--${name} is one of ${choices.join(', ')}, not "${value}".`);
      return choice;
    },
  };
}

function rangeText(min: number, max: number): string {
  if (Number.isFinite(min) && Number.isFinite(max)) return ` from ${min} to ${max}`;
  return Number.isFinite(min) ? ` of at least ${min}` : '';
}

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const rows = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return `Structural pruning of neural networks.\n\nusage: secateur COMMAND …\n\n${rows.join('\n')}\n\nsecateur COMMAND --help tells the options of one.\n`;
}

function helpOf(command: Command): string {
  const rows = Object.entries({ ...command.options, ...json }).map(([name, option]) => {
    const flag = `${option.short ? `-${option.short}, ` : ''}--${name}${option.value ? ` ${option.value}` : ''}`;
    const notes = [
      option.multiple ? 'may be repeated' : '',
      option.fallback ? `default: ${option.fallback}` : '',
    ];
    const note = notes.filter(Boolean).join('; ');
    return `  ${flag.padEnd(28)}  ${option.help}${note ? ` (${note})` : ''}`;
  });
  return `${command.summary}\n\nusage: secateur ${command.name} ${command.operands} [options]\n\n${rows.join('\n')}\n`;
}

process.exitCode = await main(process.argv.slice(2));
