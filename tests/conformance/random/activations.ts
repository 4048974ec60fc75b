// What a random network puts between its layers: functions of one channel.

import type { Flow, Sketch } from './sketch.ts';

type Activation = (net: Sketch, x: Flow) => Flow;

const named =
  (op: string, attributes = {}): Activation =>
  (net, x) =>
    net.map(op, x, attributes);

const activations: readonly Activation[] = [
  named('Relu'),
  named('Relu'),
  named('LeakyRelu', { alpha: 0.1 }),
  named('Elu', { alpha: 1 }),
  named('Tanh'),
  named('Sigmoid'),
  named('HardSwish'),
  named('Softplus'),
  (net, x) => net.map('Mul', x, {}, [net.map('Sigmoid', x)]),
  (net, x) => net.map('Clip', x, {}, [net.number(0), net.number(6)]),
  gelu,
];

function gelu(net: Sketch, x: Flow): Flow {
  const scaled = net.map('Div', x, {}, [net.number(Math.SQRT2)]);
  const shifted = net.map('Add', net.map('Erf', scaled), {}, [net.number(1)]);
  return net.map('Mul', net.map('Mul', x, {}, [shifted]), {}, [net.number(0.5)]);
}

export const activate: Activation = (net, x) => net.pick(activations)(net, x);
