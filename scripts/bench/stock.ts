// The same ResNet-20 as `networks.ts` builds, as tfjs's own layers make and train it: what ours is measured against.

import * as tf from '@tensorflow/tfjs';

/**
 * Images per second over `batches` training steps on one of tfjs's own backends, nothing of ours involved. On WebGPU a
 * first step, which compiles, is not counted.
 */
export async function stockRate(backend: 'cpu' | 'webgpu', batch: number, batches: number): Promise<number> {
  if (backend === 'webgpu') await import('@tensorflow/tfjs-backend-webgpu');
  await tf.setBackend(backend);
  const model = resnet20();
  model.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: 'categoricalCrossentropy' });
  const x = tf.randomUniform([batch, 32, 32, 3]);
  const y = tf.oneHot(tf.range(0, batch, 1, 'int32'), 10);
  if (backend === 'webgpu') await model.trainOnBatch(x, y);
  const start = performance.now();
  for (let i = 0; i < batches; i++) await model.trainOnBatch(x, y);
  const rate = ((batch * batches) / (performance.now() - start)) * 1000;
  tf.dispose([x, y]);
  model.dispose();
  return rate;
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
