// The same ResNet-20 as `networks.ts` builds, as tfjs's own layers make and train it: what ours is measured against.

import * as tf from '@tensorflow/tfjs';

/** Images per second over `batches` training steps on one of tfjs's own backends, nothing of ours involved. */
export async function stockRate(backend: 'cpu', batch: number, batches: number): Promise<number> {
  await tf.setBackend(backend);
  let milliseconds = 0;
  for await (const step of stockSteps(batch, batches)) milliseconds += step;
  return ((batch * batches) / milliseconds) * 1000;
}

/** Milliseconds of each training step on the backend that is set. */
export async function* stockSteps(batch: number, steps: number): AsyncGenerator<number, void, void> {
  const model = resnet20();
  model.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: 'categoricalCrossentropy' });
  const x = tf.randomUniform([batch, 32, 32, 3]);
  const y = tf.oneHot(tf.range(0, batch, 1, 'int32'), 10);
  for (let i = 0; i < steps; i++) {
    const begun = performance.now();
    await model.trainOnBatch(x, y);
    yield performance.now() - begun;
  }
  tf.dispose([x, y]);
  model.dispose();
}

function resnet20(): tf.LayersModel {
  const conv = (x: tf.SymbolicTensor, filters: number, kernelSize: number, strides: number) => {
    const layer = tf.layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false });
    return tf.layers.batchNormalization().apply(layer.apply(x)) as tf.SymbolicTensor;
  };
  const relu = (x: tf.SymbolicTensor) => tf.layers.reLU().apply(x) as tf.SymbolicTensor;
  const input = tf.input({ shape: [32, 32, 3] });
  let x = relu(conv(input, 16, 3, 1));
  for (const [stage, width] of [16, 32, 64].entries())
    for (let block = 0; block < 3; block++) {
      const strides = stage > 0 && block === 0 ? 2 : 1;
      const shortcut = strides === 1 ? x : conv(x, width, 1, strides);
      const inner = conv(relu(conv(x, width, 3, strides)), width, 3, 1);
      x = relu(tf.layers.add().apply([inner, shortcut]) as tf.SymbolicTensor);
    }
  const pooled = tf.layers.globalAveragePooling2d({}).apply(x);
  const output = tf.layers.dense({ units: 10, activation: 'softmax' }).apply(pooled) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: output });
}
