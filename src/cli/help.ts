// The help texts, made from the command records.

import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { optionsOf } from './parse.ts';

export function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const rows = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return `Structural pruning of neural networks.

usage: secateur COMMAND …

${rows.join('\n')}

secateur COMMAND --help tells the options of one.
`;
}

export function helpOf(command: Command): string {
  const rows = Object.entries(optionsOf(command)).map(([name, option]) => {
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
