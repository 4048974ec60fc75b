// Widths that the decisions so far would leave.

import { expect, it } from 'vitest';
import { channelsToGo } from '../../app/graph-view/planned.ts';

it('takes channels one by one, or in runs where a unit stands for several', () => {
  const channels = { now: 64, initially: 64, groups: [{ id: 'a', units: 16, perUnit: 4 }] };
  expect(channelsToGo(channels, new Map([['a', 3]]))).toBe(12);
  expect(channelsToGo(channels, new Map([['b', 3]]))).toBe(0);
});

it('adds up what groups side by side lose', () => {
  const groups = [
    { id: 'a', units: 10, perUnit: 1 },
    { id: 'b', units: 20, perUnit: 1 },
  ];
  const planned = new Map([
    ['a', 2],
    ['b', 5],
  ]);
  expect(channelsToGo({ now: 40, initially: 40, groups }, planned)).toBe(7);
});

it('multiplies heads with the dims in them, also where queries, keys and values are fused', () => {
  const [heads, dims] = [12, 64];
  const groups = [
    { id: 'heads', units: heads, perUnit: 3 * dims },
    { id: 'qk', units: dims, perUnit: 2 * heads },
    { id: 'v', units: dims, perUnit: heads },
  ];
  const planned = new Map([
    ['heads', 3],
    ['qk', 16],
    ['v', 16],
  ]);
  const left = 3 * (heads - 3) * (dims - 16);
  expect(channelsToGo({ now: 3 * heads * dims, initially: 1, groups }, planned)).toBe(
    3 * heads * dims - left,
  );
});
