// Ways in which exporters write what the reference networks do not have, each as small as it can be: kernels that the
// graph computes before it uses them, attention over channels, gates, experts, recurrences, layouts.

import type { Flow, Sketch } from './random/sketch.ts';

export interface Pattern {
  readonly title: string;
  readonly build: (net: Sketch) => Flow;
  /** A group per line: kind, units, members with their axes. */
  readonly groups: readonly string[];
  /** Kernel outputs that stay, with the reason, besides those that make the output of the network. */
  readonly stays?: Readonly<Record<string, string>>;
}

const image = (net: Sketch, channels = 3, size = 6): Flow => net.input('x', [1, channels, size, size]);
const tokens = (net: Sketch, count = 5, width = 6): Flow => net.input('x', [1, count, width]);

const withLast = (x: Flow, length: number): readonly number[] => x.dims.with(-1, length);
const times = (net: Sketch, x: Flow, kernel: Flow | string, to: number): Flow =>
  net.op('MatMul', [x, kernel], withLast(x, to));

function conv(net: Sketch, x: Flow, kernel: Flow | string, to: number, size = 1): Flow {
  const pad = (size - 1) / 2;
  return net.op('Conv', [x, kernel], x.dims.with(1, to), {
    kernel_shape: x.dims.slice(2).map(() => size),
    pads: x.dims.slice(2).flatMap(() => [pad, pad]),
  });
}
const first = (net: Sketch, to: number, x: Flow = image(net)): Flow =>
  net.map('Relu', conv(net, x, net.named('stem', to, x.dims[1], 3, 3), to, 3));
const last = (net: Sketch, x: Flow): Flow => conv(net, x, net.named('head', 2, x.dims[1], 1, 1), 2);
const swish = (net: Sketch, x: Flow): Flow => net.map('Mul', x, {}, [net.map('Sigmoid', x)]);

/** [1, T, heads · size] → [1, heads, T, size]. */
const toHeads = (net: Sketch, x: Flow, heads: number): Flow =>
  net.transpose(net.reshape(x, 1, x.dims[1], heads, x.dims[2] / heads), 0, 2, 1, 3);

function attend(net: Sketch, q: Flow, k: Flow, v: Flow): Flow {
  const [, heads, queries] = q.dims;
  const [, , keys, size] = v.dims;
  const logits = net.op('MatMul', [q, net.transpose(k, 0, 1, 3, 2)], [1, heads, queries, keys]);
  const mixed = net.op('MatMul', [net.map('Softmax', logits, { axis: -1 }), v], [1, heads, queries, size]);
  return net.reshape(net.transpose(mixed, 0, 2, 1, 3), 1, queries, heads * size);
}

// ---------------------------------------------------------------- kernels computed in the graph

const computedKernels: readonly Pattern[] = [
  {
    title: 'projections of cross-attention are cut out of one kernel',
    build: (net) => {
      const [x, memory] = [tokens(net), net.input('memory', [1, 4, 6])];
      const all = { name: net.named('projections', 24, 6), dims: [24, 6] };
      const rows = (from: number, to: number) => net.transpose(net.slice(all, 0, from, to), 1, 0);
      const q = toHeads(net, times(net, x, rows(0, 8), 8), 2);
      const both = times(net, memory, rows(8, 24), 16);
      const [k, v] = net.split(both, 2, [8, 8]).map((part) => toHeads(net, part, 2));
      return times(net, attend(net, q, k, v), net.named('out', 8, 3), 3);
    },
    groups: [
      'heads 2: projections 0, out 0',
      'head-dims 4: projections 0',
      'head-dims 4: projections 0, out 0',
    ],
  },
  {
    title: 'a kernel is joined from three',
    build: (net) => {
      const parts = ['q', 'k', 'v'].map((name) => ({ name: net.named(name, 6, 8), dims: [6, 8] }));
      const joined = times(net, tokens(net), net.concat(parts, 1), 24);
      const [q, k, v] = net.split(joined, 2, [8, 8, 8]).map((part) => toHeads(net, part, 2));
      return times(net, attend(net, q, k, v), net.named('out', 8, 3), 3);
    },
    groups: ['heads 2: q 1, k 1, v 1, out 0', 'head-dims 4: q 1, k 1', 'head-dims 4: v 1, out 0'],
  },
  {
    title: 'weight normalisation: a direction and its length',
    build: (net) => {
      const direction = { name: net.named('direction', 6, 3, 3, 3), dims: [6, 3, 3, 3] };
      const size = net.reduce('ReduceL2', direction, [1, 2, 3], 1);
      const factor = net.op('Div', [net.named('length', 6, 1, 1, 1), size], [6, 1, 1, 1]);
      return last(net, conv(net, image(net), net.map('Mul', direction, {}, [factor]), 6, 3));
    },
    groups: ['channels 6: direction 0, length 0, head 1'],
  },
  {
    title: 'standardised weights: mean and deviation per filter',
    build: (net) => {
      const filter = { name: net.named('filter', 6, 3, 3, 3), dims: [6, 3, 3, 3] };
      const mean = (z: Flow) => net.reduce('ReduceMean', z, [1, 2, 3], 1);
      const centred = net.map('Sub', filter, {}, [mean(filter)]);
      const variance = mean(net.map('Mul', centred, {}, [centred]));
      const deviation = net.map('Sqrt', net.map('Add', variance, {}, [net.number(1e-5)]));
      return last(net, conv(net, image(net), net.map('Div', centred, {}, [deviation]), 6, 3));
    },
    groups: ['channels 6: filter 0, head 1'],
  },
  {
    title: 'a kernel mixed for each image from a flat bank of them',
    build: (net) => {
      const x = first(net, 6);
      const pooled = net.reshape(net.op('GlobalAveragePool', [x], [1, 6, 1, 1]), 1, 6);
      const shares = net.map('Sigmoid', times(net, pooled, net.named('routing', 6, 3), 3));
      const mixed = times(net, shares, net.named('bank', 3, 432), 432);
      const kernel = net.reshape(mixed, 8, 6, 3, 3);
      return last(net, net.map('Relu', conv(net, x, kernel.name, 8, 3)));
    },
    groups: [
      'channels 6: stem 0, routing 0, bank 1',
      'channels 3: routing 1, bank 0',
      'channels 8: bank 1, head 1',
    ],
  },
  {
    title: 'features turned by a matrix that a layer makes of them',
    build: (net) => {
      const x = net.map('Relu', times(net, tokens(net), net.named('points', 6, 4), 4));
      const summary = net.reduce('ReduceMean', x, [1], 0);
      const flat = times(net, summary, net.named('matrix', 4, 20), 20);
      const turned = net.op('MatMul', [x, net.reshape(flat, 1, 4, 5)], [1, 5, 5]);
      return times(net, turned, net.named('out', 5, 3), 3);
    },
    groups: ['channels 4: points 1, matrix 0, matrix 1', 'channels 5: matrix 1, out 0'],
  },
  {
    title: 'a kernel quantised on the way, with a step per filter',
    build: (net) => {
      const filter = { name: net.named('filter', 6, 3, 3, 3), dims: [6, 3, 3, 3] };
      const steps = net.scale([6]);
      const levels = net.map('QuantizeLinear', filter, { axis: 0 }, [steps]);
      return last(
        net,
        conv(net, image(net), net.map('DequantizeLinear', levels, { axis: 0 }, [steps]), 6, 3),
      );
    },
    groups: ['channels 6: filter 0, c0 0, head 1'],
  },
];

// ---------------------------------------------------------------- attention and gates over channels

const acrossChannels: readonly Pattern[] = [
  {
    title: 'cross-covariance attention compares dims, and heads go',
    build: (net) => {
      const x = tokens(net);
      const cut = (name: string) => {
        const rows = net.reshape(times(net, x, net.named(name, 6, 12), 12), 1, 5, 3, 4);
        return net.transpose(rows, 0, 2, 3, 1);
      };
      const [q, k, v] = ['q', 'k', 'v'].map(cut);
      const logits = net.op('MatMul', [q, net.transpose(k, 0, 1, 3, 2)], [1, 3, 4, 4]);
      const warm = net.map('Mul', logits, {}, [net.named('temperature', 3, 1, 1)]);
      const mixed = net.op('MatMul', [net.map('Softmax', warm, { axis: -1 }), v], [1, 3, 4, 5]);
      const rows = net.reshape(net.transpose(mixed, 0, 3, 1, 2), 1, 5, 12);
      return times(net, rows, net.named('out', 12, 3), 3);
    },
    groups: ['heads 3: q 1, k 1, v 1, temperature 0, out 0', 'head-dims 4: q 1, out 0'],
  },
  {
    title: 'kernels that make heads and dims at once, contracted by name',
    build: (net) => {
      const x = tokens(net);
      const einsum = (equation: string, dims: readonly number[], ...inputs: (Flow | string)[]) =>
        net.op('Einsum', inputs, dims, { equation });
      const [q, k, v] = ['q', 'k', 'v'].map((name) =>
        net.map('Add', einsum('btc,chd->bthd', [1, 5, 3, 4], x, net.named(name, 6, 3, 4)), {}, [
          net.named(`${name}'`, 3, 4),
        ]),
      );
      const shares = net.map('Softmax', einsum('bqhd,bkhd->bhqk', [1, 3, 5, 5], q, k), { axis: -1 });
      const mixed = einsum('bhqk,bkhd->bqhd', [1, 5, 3, 4], shares, v);
      const rows = einsum('bqhd,hdc->bqc', [1, 5, 7], mixed, net.named('proj', 3, 4, 7));
      return times(net, rows, net.named('out', 7, 3), 3);
    },
    groups: [
      "heads 3: q 1, q' 0, k 1, k' 0, v 1, v' 0, proj 0",
      "head-dims 4: q 2, q' 1, k 2, k' 1",
      "head-dims 4: v 2, v' 1, proj 1",
      'channels 7: proj 2, out 0',
    ],
  },
  {
    title: 'relative positions, multiplied with the queries of every head by name',
    build: (net) => {
      const x = tokens(net);
      const part = (name: string) => toHeads(net, times(net, x, net.named(name, 6, 12), 12), 3);
      const [q, k, v] = ['q', 'k', 'v'].map((name) => net.reshape(part(name), 3, 5, 4));
      const logits = net.op('MatMul', [q, net.transpose(k, 0, 2, 1)], [3, 5, 5]);
      const places = net.op('Einsum', [q, net.named('places', 5, 4)], [3, 5, 5], { equation: 'htc,kc->htk' });
      const shares = net.map('Softmax', net.map('Add', logits, {}, [places]), { axis: -1 });
      const mixed = net.reshape(net.op('MatMul', [shares, v], [3, 5, 4]), 1, 3, 5, 4);
      const rows = net.reshape(net.transpose(mixed, 0, 2, 1, 3), 1, 5, 12);
      return times(net, rows, net.named('out', 12, 3), 3);
    },
    groups: ['heads 3: q 1, k 1, v 1, out 0', 'head-dims 4: q 1, k 1, places 1', 'head-dims 4: v 1, out 0'],
    stays: { places: 'it is an input of the network' },
  },
  {
    title: 'a bias per head, from a layer on relative positions',
    build: (net) => {
      const places = { name: net.named('places', 25, 2), dims: [25, 2] };
      const bias = net.reshape(times(net, places, net.named('bias', 2, 3), 3), 5, 5, 3);
      const x = tokens(net);
      const part = (name: string) => toHeads(net, times(net, x, net.named(name, 6, 12), 12), 3);
      const [q, k, v] = ['q', 'k', 'v'].map(part);
      const logits = net.op('MatMul', [q, net.transpose(k, 0, 1, 3, 2)], [1, 3, 5, 5]);
      const raised = net.map('Add', logits, {}, [net.transpose(bias, 2, 0, 1)]);
      const mixed = net.op('MatMul', [net.map('Softmax', raised, { axis: -1 }), v], [1, 3, 5, 4]);
      const rows = net.reshape(net.transpose(mixed, 0, 2, 1, 3), 1, 5, 12);
      return times(net, rows, net.named('out', 12, 3), 3);
    },
    groups: ['heads 3: bias 1, q 1, k 1, v 1, out 0', 'head-dims 4: q 1, k 1', 'head-dims 4: v 1, out 0'],
    stays: { places: 'it is an input of the network' },
  },
  {
    title: 'linear attention counts with a one beside the values',
    build: (net) => {
      const x = tokens(net);
      const [q, k, v] = ['q', 'k', 'v'].map((name) =>
        toHeads(net, times(net, x, net.named(name, 6, 12), 12), 3),
      );
      const counted = net.op('Pad', [v, net.integers(0, 0, 0, 0, 0, 0, 0, 1), net.number(1)], [1, 3, 5, 5]);
      const turned = net.transpose(net.map('Sigmoid', k), 0, 1, 3, 2);
      const memory = net.op('MatMul', [turned, counted], [1, 3, 4, 5]);
      const read = net.op('MatMul', [net.map('Sigmoid', q), memory], [1, 3, 5, 5]);
      const shares = net.op('Div', [net.slice(read, 3, 0, 4), net.slice(read, 3, 4, 5)], [1, 3, 5, 4]);
      const rows = net.reshape(net.transpose(shares, 0, 2, 1, 3), 1, 5, 12);
      return times(net, rows, net.named('out', 12, 3), 3);
    },
    groups: ['heads 3: q 1, k 1, v 1, out 0', 'head-dims 4: q 1, k 1', 'head-dims 4: v 1, out 0'],
  },
  {
    title: 'efficient channel attention slides along the channels, which stay',
    build: (net) => {
      const x = first(net, 6);
      const pooled = net.op('GlobalAveragePool', [x], [1, 6, 1, 1]);
      const line = net.reshape(pooled, 1, 1, 6);
      const gate = net.map('Sigmoid', conv(net, line, net.named('slide', 1, 1, 3), 1, 3));
      return last(net, net.op('Mul', [x, net.reshape(gate, 1, 6, 1, 1)], x.dims));
    },
    groups: [],
    stays: { stem: 'it is a spatial axis', slide: 'it is a single position' },
  },
  {
    title: 'coordinate attention pools each direction',
    build: (net) => {
      const x = first(net, 6);
      const [down, across] = [net.reduce('ReduceMean', x, [3], 1), net.reduce('ReduceMean', x, [2], 1)];
      const both = net.concat([down, net.transpose(across, 0, 1, 3, 2)], 2);
      const inner = net.map('HardSwish', conv(net, both, net.named('inner', 4, 6, 1, 1), 4));
      const [rows, columns] = net.split(inner, 2, [6, 6]);
      const gate = (name: string, z: Flow) =>
        net.map('Sigmoid', conv(net, z, net.named(name, 6, 4, 1, 1), 6));
      const gated = net.op('Mul', [x, gate('rows', rows)], x.dims);
      const turned = net.transpose(columns, 0, 1, 3, 2);
      return last(net, net.op('Mul', [gated, gate('columns', turned)], x.dims));
    },
    groups: [
      'channels 6: stem 0, inner 1, rows 0, columns 0, head 1',
      'channels 4: inner 0, rows 1, columns 1',
    ],
  },
  {
    title: 'feature-wise modulation scales and shifts by a condition',
    build: (net) => {
      const condition = net.input('condition', [1, 4]);
      const both = net.op('MatMul', [condition, net.named('modulate', 4, 12)], [1, 12]);
      const [scale, shift] = net.split(both, 1, [6, 6]).map((part) => net.reshape(part, 1, 6, 1, 1));
      return last(net, net.map('Add', net.map('Mul', first(net, 6), {}, [scale]), {}, [shift]));
    },
    groups: ['channels 6: modulate 1, stem 0, head 1'],
  },
  {
    title: 'response normalisation divides by the mean over channels',
    build: (net) => {
      const x = first(net, 6);
      const size = net.reduce('ReduceL2', x, [2, 3], 1);
      const mean = net.map('Add', net.reduce('ReduceMean', size, [1], 1), {}, [net.number(1e-6)]);
      const shares = net.op('Div', [size, mean], size.dims);
      const scaled = net.map('Mul', net.op('Mul', [x, shares], x.dims), {}, [net.named('gamma', 1, 6, 1, 1)]);
      return last(net, net.map('Add', scaled, {}, [x]));
    },
    groups: ['channels 6: stem 0, gamma 1, head 1'],
  },
  {
    title: 'maxout takes the greater of neighbours',
    build: (net) => {
      const grid = net.reshape(first(net, 8), 1, 4, 2, 6, 6);
      return last(net, net.reduce('ReduceMax', grid, [2], 0));
    },
    groups: ['blocks 4: stem 0, head 1', 'channels-per-block 2: stem 0'],
  },
];

// ---------------------------------------------------------------- sequences

const sequences: readonly Pattern[] = [
  {
    title: 'a decoder block: (1 + w) RMS norm, gated, tied to its table',
    build: (net) => {
      const ids = tokens(net, 5, 4);
      const table = { name: net.named('table', 4, 6), dims: [4, 6] };
      const x = times(net, ids, table.name, 6);
      const mean = net.reduce('ReduceMean', net.map('Pow', x, {}, [net.number(2)]), [-1], 1);
      const size = net.map('Sqrt', net.map('Add', mean, {}, [net.number(1e-6)]));
      const raised = net.op('Add', [net.named('norm', 6), net.number(1)], [6]);
      const normal = net.map('Mul', net.op('Div', [x, size], x.dims), {}, [raised]);
      const gate = swish(net, times(net, normal, net.named('gate', 6, 7), 7));
      const up = net.map('Mul', gate, {}, [times(net, normal, net.named('up', 6, 7), 7)]);
      const y = net.map('Add', x, {}, [times(net, up, net.named('down', 7, 6), 6)]);
      return times(net, y, net.transpose(table, 1, 0), 4);
    },
    groups: ['channels 6: table 1, norm 0, gate 0, up 0, down 1', 'channels 7: gate 1, up 1, down 0'],
    stays: { table: 'it is an input of the network' },
  },
  {
    title: 'keys from outside keep the heads they have; values that are joined to them too',
    build: (net) => {
      const x = tokens(net);
      const cached = (name: string) => net.input(name, [1, 2, 3, 4]);
      const part = (name: string) => toHeads(net, times(net, x, net.named(name, 6, 8), 8), 2);
      const [keys, values] = ['k', 'v'].map((name) => net.concat([cached(`past ${name}`), part(name)], 2));
      return times(net, attend(net, part('q'), keys, values), net.named('out', 8, 3), 3);
    },
    groups: [],
    stays: {
      k: 'it is an input of the network',
      v: 'it is an input of the network',
      q: 'it is an input of the network',
    },
  },
  {
    title: 'experts in one kernel, chosen by a softmax',
    build: (net) => {
      const x = net.input('x', [1, 6]);
      const shares = net.map('Softmax', net.op('MatMul', [x, net.named('router', 6, 3)], [1, 3]), {
        axis: -1,
      });
      const inner = net.op('Einsum', [x, net.named('up', 3, 6, 7)], [1, 3, 7], { equation: 'bd,edh->beh' });
      const each = net.op('Einsum', [net.map('Relu', inner), net.named('down', 3, 7, 5)], [1, 3, 5], {
        equation: 'beh,ehd->bed',
      });
      const mixed = net.op('Einsum', [shares, each], [1, 5], { equation: 'be,bed->bd' });
      return net.op('MatMul', [mixed, net.named('out', 5, 2)], [1, 2]);
    },
    groups: ['channels 7: up 2, down 1', 'channels 5: down 2, out 0'],
    stays: { router: 'every position along it is compared', up: 'every position along it is compared' },
  },
  {
    title: 'a selective state: gates, a depthwise filter along time, a state per channel',
    build: (net) => {
      const x = tokens(net);
      const [a, z] = net.split(times(net, x, net.named('in', 6, 16), 16), 2, [8, 8]);
      const turned = net.transpose(a, 0, 2, 1);
      const filtered = net.op('Conv', [turned, net.named('filter', 8, 1, 3)], turned.dims, {
        kernel_shape: [3],
        group: 8,
        pads: [2, 0],
      });
      const u = swish(net, net.transpose(filtered, 0, 2, 1));
      const parts = net.split(times(net, u, net.named('select', 8, 6), 6), 2, [2, 2, 2]);
      const step = net.map('Softplus', times(net, parts[0], net.named('step', 2, 8), 8));
      const fade = net.map('Exp', { name: net.named('fade', 8, 2), dims: [8, 2] });
      const state = net.op('Mul', [net.reshape(step, 1, 5, 8, 1), fade], [1, 5, 8, 2]);
      const fed = net.op('Mul', [state, net.reshape(parts[1], 1, 5, 1, 2)], state.dims);
      const read = net.op('MatMul', [fed, net.reshape(parts[2], 1, 5, 2, 1)], [1, 5, 8, 1]);
      const y = net.map('Mul', net.reshape(read, 1, 5, 8), {}, [swish(net, z)]);
      return times(net, net.map('Mul', y, {}, [u]), net.named('out', 8, 3), 3);
    },
    groups: [
      'channels 8: in 1, filter 0, select 0, step 1, fade 0, out 0',
      'channels 4: select 1, step 0, fade 1',
    ],
  },
  {
    title: 'a layer along the features of an image read as a sequence',
    build: (net) => {
      const x = first(net, 4);
      const columns = net.reshape(net.transpose(x, 3, 0, 1, 2), 6, 1, 24);
      const weights = [net.named('W', 1, 15, 24), net.named('R', 1, 15, 5)];
      const [y] = net.ops(
        'GRU',
        [columns, ...weights],
        [
          [6, 1, 1, 5],
          [1, 1, 5],
        ],
        { hidden_size: 5 },
      );
      return times(net, net.reshape(y, 6, 1, 5), net.named('out', 5, 3), 3);
    },
    groups: ['channels 4: stem 0, W 2', 'channels 5: W 1, R 1, R 2, out 0'],
  },
];

// ---------------------------------------------------------------- layouts

const layouts: readonly Pattern[] = [
  {
    title: 'channels last, turned around every convolution',
    build: (net) => {
      const x = net.input('x', [1, 6, 6, 3]);
      const each = (z: Flow, name: string, to: number) => {
        const y = conv(net, net.transpose(z, 0, 3, 1, 2), net.named(name, to, z.dims[3], 3, 3), to, 3);
        return net.map('Relu', net.map('Add', net.transpose(y, 0, 2, 3, 1), {}, [net.named(`${name}'`, to)]));
      };
      const a = each(x, 'a', 6);
      const b = net.map('Add', a, {}, [each(a, 'b', 6)]);
      return net.reduce('ReduceMean', each(b, 'c', 2), [1, 2], 0);
    },
    groups: ["channels 6: a 0, a' 0, b 0, b 1, b' 0, c 1"],
    stays: { c: 'it is an output of the network' },
  },
  {
    title: 'focus: every second pixel four times, before and behind a convolution',
    build: (net) => {
      const corners = (z: Flow) =>
        net.concat(
          [0, 1].flatMap((row) =>
            [0, 1].map((column) => net.slice(net.slice(z, 2, row, 6, 2), 3, column, 6, 2)),
          ),
          1,
        );
      const y = corners(first(net, 5));
      return last(net, net.map('Relu', conv(net, y, net.named('merge', 6, 20, 1, 1), 6)));
    },
    groups: ['channels 5: stem 0, merge 1', 'channels 6: merge 0, head 1'],
  },
  {
    title: 'bottlenecks on the second half, all of them joined',
    build: (net) => {
      const parts = net.split(first(net, 8), 1, [4, 4]);
      for (const name of ['one', 'two'])
        parts.push(net.map('Relu', conv(net, parts[parts.length - 1], net.named(name, 4, 4, 3, 3), 4, 3)));
      return last(net, net.concat(parts, 1));
    },
    groups: [
      'channels 8: stem 0, one 1, head 1',
      'channels 4: one 0, two 1, head 1',
      'channels 4: two 0, head 1',
    ],
  },
];

// ---------------------------------------------------------------- constants that several nodes read

function normalised(net: Sketch, x: Flow, numbers: readonly string[]): Flow {
  return net.map('Relu', net.op('BatchNormalization', [x, ...numbers], x.dims));
}

const sharedConstants: readonly Pattern[] = [
  {
    title: 'normalisations that were never trained, their equal numbers kept once',
    build: (net) => {
      const [ones, zeros] = [net.scale([6]), net.named('zeros', 6)];
      const numbers = [ones, zeros, zeros, ones];
      const x = normalised(net, first(net, 6), numbers);
      return last(net, normalised(net, conv(net, x, net.named('second', 6, 6, 3, 3), 6, 3), numbers));
    },
    groups: [
      'channels 6: c0 0, zeros 0, stem 0, second 1',
      'channels 6: second 0, head 1, zeros_5_2 0, c0_5_1 0',
    ],
  },
  {
    title: 'a shared layer with its normalisation stays one',
    build: (net) => {
      const numbers = [net.scale([6]), net.named('shift', 6), net.named('mean', 6), net.scale([6])];
      const kernel = net.named('twice', 6, 6, 3, 3);
      const layer = (x: Flow) => normalised(net, conv(net, x, kernel, 6, 3), numbers);
      return last(net, layer(layer(first(net, 6))));
    },
    groups: ['channels 6: c0 0, shift 0, mean 0, c1 0, twice 0, twice 1, stem 0, head 1'],
  },
  {
    title: 'biases that folding left at nothing, added by hand to streams of one width',
    build: (net) => {
      const nothing = net.named('nothing', 1, 6);
      const x = tokens(net);
      const y = net.map('Relu', times(net, x, net.named('a', 6, 6), 6), {}, []);
      const hidden = net.map('Add', y, {}, [nothing]);
      const z = net.map('Add', times(net, hidden, net.named('b', 6, 6), 6), {}, [nothing]);
      return times(net, net.map('Tanh', z), net.named('c', 6, 2), 2);
    },
    groups: ['channels 6: nothing 1, a 1, b 0', 'channels 6: b 1, c 0, nothing_4_1 1'],
    stays: { c: 'it is an output of the network' },
  },
];

export const patterns: readonly Pattern[] = [
  ...computedKernels,
  ...acrossChannels,
  ...sequences,
  ...layouts,
  ...sharedConstants,
];
