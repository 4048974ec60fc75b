// Makes the built-in model: a ResNet-8 (the width and depth of MLPerf Tiny's image classifier) that reads generated
// digits. `npm run sample:train` writes public/sample.onnx; the same seed gives the same weights on the same machine.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { onThreads } from '../../src/node/threads.ts';
import { sampleDigits } from '../../src/training/datasets/sample.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { residualNetwork } from './network.ts';
import { report } from './report.ts';

const SEED = 1;
const EPOCHS = 8;
const out = fileURLToPath(new URL('../../public/sample.onnx', import.meta.url));

const digits = sampleDigits({ seed: SEED, train: 20_000 });
const fresh = residualNetwork({
  name: 'digits',
  input: 'image',
  image: [1, 28, 28],
  classes: digits.classes.length,
  widths: [16, 32, 64],
  blocks: 1,
  stem: 2,
  seed: SEED,
});
const network = await createNetwork(fresh, await chooseBackend('wasm', onThreads()));
await report(network, digits, {
  epochs: EPOCHS,
  batchSize: 64,
  seed: SEED,
  learningRate: 0.1,
  schedule: { name: 'one-cycle' },
  optimizer: { weightDecay: 5e-4 },
});
const { accuracy = 0 } = await evaluate(network, digits.test);
const model = createOnnx(await network.readBack(), {
  fileName: 'sample.onnx',
  metadata: {
    description: 'ResNet-8 that reads generated digits, 28x28 grey, 0 background to 1 ink.',
    classes: JSON.stringify(digits.classes),
    normalisation: JSON.stringify({ mean: [0], deviation: [1] }),
    accuracy: accuracy.toFixed(4),
    origin: `npm run sample:train, seed ${SEED}`,
    license: 'MIT',
  },
});
const bytes = writeOnnx(model);
writeFileSync(out, bytes);
console.log(
  `${out}: ${bytes.length} bytes, ${(accuracy * 100).toFixed(2)} % of ${digits.test.length} unseen digits`,
);
