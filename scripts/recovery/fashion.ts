// The recovery figures on photographs: a ResNet-20 trained here on Fashion-MNIST, cut to half its MACs, repaired.
// `npm run recovery:fashion -- FOLDER` (IDX files with the MNIST names) rewrites docs/recovery-fashion-mnist.md. The
// trained network is kept in the system's folder for temporary files, so that a second run starts from it.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataFiles } from '../../src/cli/files.ts';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import { openModel, writeModel } from '../../src/formats/formats.ts';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import type { Graph } from '../../src/graph/types.ts';
import { onThreads } from '../../src/node/threads.ts';
import { augmentationsOf } from '../../src/training/augmentations/augmentations.ts';
import { openDataset } from '../../src/training/datasets/datasets.ts';
import type { PartialTraining } from '../../src/training/options.ts';
import { residualNetwork } from '../sample/network.ts';
import { report } from '../sample/report.ts';
import { repaired, repairsWith } from './repairs.ts';
import {
  accuracyOf,
  markdownTable,
  millions,
  percent,
  pruned,
  type Study,
  thousands,
  withNetwork,
} from './study.ts';

const SEED = 7;
const folder = process.argv[2];
if (!folder) throw new Error('Name the folder of the data: npm run recovery:fashion -- FOLDER');

const backend = await chooseBackend('wasm', onThreads());
const data = await openDataset(await dataFiles(folder), { seed: SEED, validation: 0.1 });
const augmentations = augmentationsOf(['flip', 'crop'], data.classes.length);
const learning: PartialTraining = {
  epochs: 16,
  batchSize: 64,
  seed: SEED,
  learningRate: 0.1,
  schedule: { name: 'one-cycle' },
  optimizer: { weightDecay: 5e-4 },
  augmentations,
};
const recovering: PartialTraining = { ...learning, epochs: 4, learningRate: 0.02 };

async function trained(): Promise<Graph> {
  const kept = join(tmpdir(), 'secateur-fashion.onnx');
  if (existsSync(kept)) return openModel(new Uint8Array(readFileSync(kept)), kept).graph;
  const fresh = residualNetwork({
    name: 'fashion',
    input: 'image',
    image: [1, 28, 28],
    classes: data.classes.length,
    widths: [16, 32, 64],
    blocks: 3,
    stem: 2,
    seed: SEED,
  });
  const network = await createNetwork(fresh, backend);
  await report(network, data, learning);
  const graph = await network.readBack();
  network.dispose();
  writeFileSync(kept, writeModel(createOnnx(graph)));
  return graph;
}

const study: Study = { backend, graph: await trained(), data, seed: SEED };
const original = await withNetwork(study, study.graph, (network) => accuracyOf(network, data.test));
console.log('original', percent(original));
const half = await pruned(study, { criterion: 'l2', target: { of: 'macs', keep: 0.5 } });
const rows: string[][] = [];
for (const repair of repairsWith(recovering)) {
  const { accuracy, seconds } = await repaired(study, half, repair);
  console.log(repair.name, percent(accuracy), seconds.toFixed(1));
  const lost = ((original - accuracy) * 100).toFixed(2);
  rows.push([repair.name, repair.labels ? 'yes' : 'no', percent(accuracy), lost]);
}

const whole = await pruned(study, { criterion: 'l2', ratio: 0 });
const size = ({ params, macs }: { readonly params: number; readonly macs: number }) =>
  `${thousands(params)} parameters, ${millions(macs)} MACs`;
writeFileSync(
  fileURLToPath(new URL('../../docs/recovery-fashion-mnist.md', import.meta.url)),
  `# Half the MACs on photographs

Made by \`npm run recovery:fashion -- FOLDER\` (seed ${SEED}, WebAssembly, one core) from the first ${data.train.length + data.validation.length} training and ${data.test.length}
test pictures of Fashion-MNIST (Xiao, Rasul and Vollgraf, arXiv 1708.07747).

A ResNet-20 whose first convolution has stride 2 (${size(whole.analysis)}), trained for ${learning.epochs} epochs with flips and shifted
crops, is right on **${percent(original)}** of the test pictures. One step of group L2, local scope, leaves half of the
multiply-accumulates: ${size(half.analysis)}. Each repair starts from that cut; passes run ${recovering.epochs} epochs of SGD (one cycle,
rate ${recovering.learningRate}). Points lost are against the unpruned network.

${markdownTable(['repair', 'labels', 'accuracy', 'points lost'], rows)}
`,
);
