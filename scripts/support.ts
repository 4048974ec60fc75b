// `npm run support` prints SUPPORT.md from the operator table and the public conformance suites beside the project; a
// test fails when the file is stale. Counts of cases need the material in ../shared, without which the file is left as
// it is.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openModel } from '../src/formats/formats.ts';
import { notFolded, type Operator } from '../src/ops/op.ts';
import { allOperators } from '../src/ops/table.ts';
import { casesOf, nodeSuites, readCase } from '../tests/conformance/suites.ts';
import { sharedFolder, skipReason } from '../tests/shared.ts';

const nameOf = ({ domain = '', name }: Pick<Operator, 'domain' | 'name'>): string =>
  domain === '' ? name : `${domain}.${name}`;

/** Conformance cases in which each operator stands, by its full name. */
function casesByOperator(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const suite of nodeSuites)
    for (const id of casesOf(suite)) {
      const { graph } = openModel(readCase(suite, id).model, `${id}.onnx`);
      const names = new Set(graph.nodes.map(({ domain, op }) => nameOf({ domain, name: op })));
      for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  return counts;
}

/** The whole of SUPPORT.md. */
export function supportPage(): string {
  const counts = casesByOperator();
  const total = nodeSuites.reduce((sum, suite) => sum + casesOf(suite).length, 0);
  const operators = allOperators();
  const rows = operators.map((operator) => {
    const folded = operator.fold === notFolded ? '' : 'yes';
    return `| ${nameOf(operator)} | ${operator.coupling} | ${folded} | ${counts.get(nameOf(operator)) ?? ''} |`;
  });
  return `# What Secateur supports

This page is printed by \`npm run support\`.

## Files

ONNX, opset 7 to the newest (older files are read too), in and out. Unknown operators, fields, metadata and domains
survive a round trip; an unknown operator keeps the channels that reach it, with the reason shown, and a network that
needs one is pruned and exported but not run.

Functions that a file defines are read as their bodies, and an \`If\` that sizes decide as the branch taken. Lists whose
values are settled (\`SplitToSequence\`, \`SequenceConstruct\`, \`SequenceInsert\`, \`SequenceErase\`, \`SequenceAt\`,
\`SequenceLength\`, \`ConcatFromSequence\`) are read as these values. A changed model is written without them.

Data: IDX (MNIST names, gzipped or not), CIFAR-10 and CIFAR-100 binary, NPY and NPZ, CSV, a folder or zip of pictures by
class, and the generated digits of the built-in sample.

## Operators

${operators.length} operators. *Couples* completes the sentence "the operator …", as the page explains a group with it. *Folded* ones
are computed while shapes are inferred. *Cases* counts the cases of the ONNX project's own suites in which the operator
stands; all ${total} agree on WebAssembly and on plain JavaScript (\`npx vitest run --project conformance nodes\`).

| operator | couples | folded | cases |
| --- | --- | --- | ---: |
${rows.join('\n')}
`;
}

const file = fileURLToPath(new URL('../SUPPORT.md', import.meta.url));
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (sharedFolder()) writeFileSync(file, supportPage());
  else console.log(`SUPPORT.md is left as it is: printing it ${skipReason}.`);
}
