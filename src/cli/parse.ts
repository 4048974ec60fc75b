// From words on a command line to the typed arguments of one command; what does not fit is a `usage` failure.

import { parseArgs } from 'node:util';
import { ModelError } from '../lib/errors.ts';
import { type Arguments, type Command, type Option, parserOptions, type Range } from './command.ts';

export const usageError = (message: string): ModelError =>
  new ModelError({ code: 'usage', where: 'command line', message });

/** Every command has it. */
const common: Command['options'] = { json: { help: 'print the result as one line of JSON' } };

export const optionsOf = (command: Command): Command['options'] => ({ ...command.options, ...common });

/** @throws ModelError `usage` */
export function parse(command: Command, argv: readonly string[]): Arguments {
  const options = optionsOf(command);
  const { values, operands } = readWords(options, argv, operandCount(command));
  if (operands.length !== operandCount(command))
    throw usageError(
      `It takes ${command.operands || 'no operand'}, and got ${operands.join(' ') || 'none'}.`,
    );
  const all = (name: string): readonly string[] => {
    const given = values.get(name);
    const { fallback } = options[name];
    return given ?? (fallback === undefined ? [] : [fallback]);
  };
  const text = (name: string) => all(name).at(-1);
  return {
    operands,
    all,
    text,
    given: (name) => values.has(name),
    number(name, range = {}) {
      const word = text(name);
      const value = word === undefined || word.trim() === '' ? Number.NaN : Number(word);
      if (!isWithin(value, range)) throw usageError(`--${name} takes ${rangeText(range)}, not "${word}".`);
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

const operandCount = ({ operands }: Command): number => (operands === '' ? 0 : operands.split(' ').length);

interface Words {
  readonly operands: readonly string[];
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/**
 * Options and operands may stand in any order. A repeatable option may also be given several values at once
 * (`--ignore a b`): words right behind its value that are no operand are taken for it.
 */
function readWords(
  options: Readonly<Record<string, Option>>,
  argv: readonly string[],
  wanted: number,
): Words {
  const values = new Map<string, string[]>();
  const add = (name: string, value: string) => values.set(name, [...(values.get(name) ?? []), value]);
  const words: { value: string; behind?: string }[] = [];
  let behind: string | undefined;
  for (const token of tokensOf(options, argv)) {
    if (token.kind === 'option') {
      add(token.name, token.value ?? '');
      behind = options[token.name].multiple ? token.name : undefined;
    } else if (token.kind === 'positional')
      words.push({ value: token.value, ...(behind === undefined ? {} : { behind }) });
    else behind = undefined;
  }
  const plain = words.filter((word) => word.behind === undefined).length;
  let missing = Math.max(0, wanted - plain);
  const operands: string[] = [];
  for (const word of words.toReversed()) {
    if (word.behind === undefined) operands.unshift(word.value);
    else if (missing > 0) {
      missing--;
      operands.unshift(word.value);
    } else add(word.behind, word.value);
  }
  return { operands, values };
}

function tokensOf(options: Readonly<Record<string, Option>>, argv: readonly string[]) {
  try {
    const parsed = parseArgs({
      args: [...argv],
      options: parserOptions(options),
      allowPositionals: true,
      tokens: true,
    });
    return parsed.tokens;
  } catch (error) {
    // Node explains at length how to pass odd operands; the first sentence says what is wrong.
    throw usageError(`${(error as Error).message.split('. ')[0].replace(/\.$/, '')}.`);
  }
}

function isWithin(value: number, { min, above, max, integer }: Range): boolean {
  if (integer ? !Number.isInteger(value) : !Number.isFinite(value)) return false;
  const isLow = (min !== undefined && value < min) || (above !== undefined && value <= above);
  return !isLow && (max === undefined || value <= max);
}

function rangeText({ min, above, max, integer }: Range): string {
  const number = integer ? 'a whole number' : 'a number';
  if (min !== undefined && max !== undefined) return `${number} from ${min} to ${max}`;
  const bounds = [
    ...(min === undefined ? [] : [`of at least ${min}`]),
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ];
  return bounds.length === 0 ? number : `${number} ${bounds.join(' and ')}`;
}
