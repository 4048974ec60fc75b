// Normalisations over the last axis, fused and written out.

import type { Flow, Sketch } from './sketch.ts';

type Norm = (net: Sketch, x: Flow) => Flow;

const last = (x: Flow): number => x.dims[x.dims.length - 1];

const layerNorm: Norm = (net, x) =>
  net.opset < 17
    ? spreadLayerNorm(net, x)
    : net.map('LayerNormalization', x, { axis: -1 }, [net.scale([last(x)]), net.weight([last(x)], 0.1)]);

/** As it is written before opset 17. */
const spreadLayerNorm: Norm = (net, x) => {
  const mean = (z: Flow) => net.reduce('ReduceMean', z, [-1], 1);
  const centred = net.map('Sub', x, {}, [mean(x)]);
  const variance = mean(net.map('Pow', centred, {}, [net.number(2)]));
  const deviation = net.map('Sqrt', net.map('Add', variance, {}, [net.number(1e-5)]));
  const scaled = net.map('Mul', net.map('Div', centred, {}, [deviation]), {}, [net.scale([last(x)])]);
  return net.map('Add', scaled, {}, [net.weight([last(x)], 0.1)]);
};

const rmsNorm: Norm = (net, x) => {
  const square = net.map('Mul', x, {}, [x]);
  const mean = net.reduce('ReduceMean', square, [-1], 1);
  const size = net.map('Sqrt', net.map('Add', mean, {}, [net.number(1e-5)]));
  return net.map('Mul', net.map('Mul', x, {}, [net.map('Reciprocal', size)]), {}, [net.scale([last(x)])]);
};

export const norms = { layerNorm, spreadLayerNorm, rmsNorm };

export const normalise = (net: Sketch, x: Flow): Flow => net.pick(Object.values(norms))(net, x);
