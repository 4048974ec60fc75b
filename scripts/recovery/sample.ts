// The recovery figures of the sample model: every criterion at every ratio, before and after a short fine-tuning, and
// the ways back from half the MACs. `npm run recovery:sample` rewrites docs/recovery-table.md.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chooseBackend } from '../../src/execution/backend.ts';
import { openModel } from '../../src/formats/formats.ts';
import { onThreads } from '../../src/node/threads.ts';
import { sampleDigits } from '../../src/training/datasets/sample.ts';
import type { PartialTraining } from '../../src/training/options.ts';
import { repaired, repairsWith } from './repairs.ts';
import {
  accuracyOf,
  fineTune,
  markdownTable,
  millions,
  percent,
  pruned,
  type Study,
  thousands,
  withNetwork,
} from './study.ts';

const SEED = 7;
const EXAMPLES = 4000;
const training: PartialTraining = {
  epochs: 2,
  batchSize: 64,
  learningRate: 0.02,
  schedule: { name: 'one-cycle' },
  validationExamples: 500,
};
const criteria = ['l1', 'l2', 'fpgm', 'taylor', 'random'];
const ratios = [0.3, 0.5, 0.7];

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const bytes = new Uint8Array(readFileSync(file('public/sample.onnx')));
const study: Study = {
  backend: await chooseBackend('wasm', onThreads()),
  graph: openModel(bytes, 'sample.onnx').graph,
  data: sampleDigits({ seed: SEED, train: EXAMPLES, validation: 500, test: 2000 }),
  seed: SEED,
};

async function criterionRow(criterion: string, ratio: number): Promise<string[]> {
  const pruner = await pruned(study, { criterion, ratio });
  return withNetwork(study, pruner.graph, async (network) => {
    const before = await accuracyOf(network, study.data.test);
    await fineTune(study, network, pruner, training);
    const after = await accuracyOf(network, study.data.test);
    const { params, macs } = pruner.analysis;
    console.log(criterion, ratio, percent(before), percent(after));
    return [criterion, String(ratio), thousands(params), millions(macs), percent(before), percent(after)];
  });
}

const original = await withNetwork(study, study.graph, (network) => accuracyOf(network, study.data.test));
console.log('original', percent(original));

const rows: string[][] = [];
for (const criterion of criteria) for (const ratio of ratios) rows.push(await criterionRow(criterion, ratio));

const half = await pruned(study, { criterion: 'l2', target: { of: 'macs', keep: 0.5 } });
const ways: string[][] = [];
for (const repair of repairsWith(training)) {
  const { accuracy, seconds } = await repaired(study, half, repair);
  console.log(repair.name, percent(accuracy), seconds.toFixed(1));
  const lost = (original - accuracy) * 100;
  ways.push([
    repair.name,
    repair.labels ? 'yes' : 'no',
    percent(accuracy),
    lost.toFixed(2),
    seconds.toFixed(0),
  ]);
}

const { params, macs } = half.analysis;
writeFileSync(
  file('docs/recovery-table.md'),
  `# What pruning costs the sample model, and what brings it back

Made by \`npm run recovery:sample\` (seed ${SEED}, WebAssembly, one core); the same program gives the same accuracies again.
The model is \`public/sample.onnx\`; ${EXAMPLES.toLocaleString('en')} generated digits to repair on, ${study.data.test.length.toLocaleString('en')} others to measure on, none of which it was
trained on. Unpruned it is right on **${percent(original)}**.

## Criteria and ratios

One step, local scope, the criterion's own reduction and normaliser; then ${training.epochs} epochs of SGD (one cycle, rate ${training.learningRate}, batch
${training.batchSize}).

${markdownTable(['criterion', 'ratio', 'parameters', 'MACs', 'accuracy after the cut', 'after fine-tuning'], rows)}

## Ways back from half the MACs

One step of group L2 to half the multiply-accumulates: ${thousands(params)} parameters, ${millions(macs)} MACs. Distillation uses
temperature 4; where it has labels the teacher's share is 0.7. Points lost are against the unpruned model.

${markdownTable(['repair', 'labels', 'accuracy', 'points lost'], ways)}
`,
);
