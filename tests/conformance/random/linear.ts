// A linear layer in the many ways it is written.

import type { Flow, Sketch } from './sketch.ts';

export function linear(net: Sketch, x: Flow, to: number): Flow {
  const from = x.dims[x.dims.length - 1];
  const dims = x.dims.with(-1, to);
  const { name, bias } = net.kernel([from, to], to);
  if (x.dims.length === 2 && net.chance(0.5)) return net.op('Gemm', [x, name, bias], dims);
  if (x.dims.length === 2) {
    const rows = net.kernel([to, from], to);
    return net.op('Gemm', [x, rows.name, rows.bias], dims, { transB: 1 });
  }
  if (net.chance(0.15)) return net.op('Einsum', [x, name], dims, { equation: 'btd,do->bto' });
  if (net.chance(0.15)) {
    const rows = net.kernel([to, from], to);
    const turned = net.op('Transpose', [rows.name], [from, to], { perm: [1, 0] });
    return net.map('Add', net.op('MatMul', [x, turned], dims), {}, [rows.bias]);
  }
  const product = net.op('MatMul', [x, name], dims);
  return net.chance(0.7) ? net.op('Add', net.chance(0.5) ? [bias, product] : [product, bias], dims) : product;
}
