// What a model is made of, for a look before anything is cut.

import { analyse } from '../analysis/analyse.ts';
import { type Inspection, inspect } from '../workbench/model/inspect.ts';
import { command } from './command.ts';
import { readModel } from './files.ts';
import { count, table } from './print.ts';

export const inspectCommand = command({
  name: 'inspect',
  operands: 'MODEL',
  summary: 'What a model is made of: inputs, cost, and the channels that hang together.',
  options: {},
  run: async ({ operands: [path] }) => {
    const { model } = await readModel(path);
    return inspect(model, analyse(model.graph));
  },
  print: (result: Inspection) =>
    [
      `${result.format}, ${result.nodes} nodes, ${count(result.params)} parameters, ${count(result.macs)} MACs`,
      ...result.inputs.map(({ name, dtype, shape }) => `input   ${name}: ${dtype} [${shape.join(', ')}]`),
      ...result.outputs.map(({ name, dtype, shape }) => `output  ${name}: ${dtype} [${shape.join(', ')}]`),
      '',
      table(
        ['group', 'kind', 'units', 'members', 'parameters', 'MACs', 'locked'],
        result.groups.map((group) => [
          group.root,
          group.kind,
          String(group.units),
          String(group.members.length),
          count(group.params),
          count(group.macs),
          group.locked ?? '',
        ]),
      ),
      ...result.problems.map(({ message, hint }) => `! ${message}${hint ? ` ${hint}` : ''}`),
    ].join('\n'),
});
