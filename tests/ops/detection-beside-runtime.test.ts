// What detectors need, beside ONNX Runtime: boxes suppressed and pooled, taps moved by offsets, maxima put back, and
// updates combined at positions that only the running network knows.

import { test } from 'vitest';
import { expectAlike, flow, noise, row } from './beside.ts';
import { fed, floats, whole } from './single.ts';

const corners = fed(floats([3, 4], [0, 0, 7, 7, 1, 2, 5, 6, -1, 3, 9, 9]));
const align = { output_height: 3, output_width: 2, sampling_ratio: 2, spatial_scale: 0.8 };
const boxes = [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9, 0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 100, 1, 101];
const suppress = (title: string, attributes: object, opset = 11) =>
  row(
    title,
    'NonMaxSuppression',
    [
      floats([1, 6, 4], boxes),
      floats([1, 2, 6], [0.9, 0.75, 0.6, 0.95, 0.5, 0.3, 0.1, 0.8, 0.2, 0.3, 0.9, 0.7]),
      whole([1], [3]),
      floats([1], [0.5]),
      floats([1], [0.4]),
    ],
    { opset, attributes: { ...attributes } },
  );
const deform = (title: string, group: number, offsetGroups: number, more: number) =>
  row(
    title,
    'DeformConv',
    [
      flow(2, 4, 5, 6),
      noise(6, 4 / group, 3, 3),
      flow(2, offsetGroups * 18, 3, 3),
      ...[noise(6), flow(2, offsetGroups * 9, 3, 3)].slice(0, more),
    ],
    {
      opset: 19,
      attributes: {
        group,
        offset_group: offsetGroups,
        pads: [1, 1, 1, 1],
        strides: [2, 2],
        kernel_shape: [3, 3],
      },
    },
  );

test.each([
  row('of samples', 'RoiAlign', [flow(2, 3, 8, 8), corners, fed(whole([3], [0, 1, 1]))], {
    opset: 16,
    attributes: align,
  }),
  row('before opset 16', 'RoiAlign', [flow(2, 3, 8, 8), corners, fed(whole([3], [0, 1, 1]))], {
    opset: 10,
    attributes: align,
  }),
  ...(['avg', 'max'] as const).flatMap((mode) =>
    [0, 2].map((samples) =>
      row(
        `takes the ${mode} of ${samples === 0 ? 'as many samples as fit' : 'samples'}`,
        'RoiAlign',
        [flow(2, 3, 8, 8), corners, fed(whole([3], [0, 1, 1]))],
        { opset: 16, attributes: { ...align, sampling_ratio: samples, mode } },
      ),
    ),
  ),
  row(
    'takes as many samples as fit, before opset 16',
    'RoiAlign',
    [flow(2, 3, 8, 8), corners, fed(whole([3], [0, 1, 1]))],
    { opset: 10, attributes: { ...align, sampling_ratio: 0 } },
  ),
  suppress('of corners', {}),
  suppress('of centres', { center_point_box: 1 }),
  deform('moved', 1, 1, 0),
  deform('with a bias', 2, 1, 1),
  deform('weighed, in groups', 2, 2, 2),
  row('puts maxima back', 'MaxUnpool', [flow(1, 1, 2, 2), fed(whole([1, 1, 2, 2], [5, 7, 13, 15]))], {
    opset: 11,
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  }),
  ...['none', 'add', 'mul', 'max', 'min'].flatMap((reduction) => [
    row(
      reduction,
      'ScatterND',
      [flow(4, 4, 4), fed(whole([3, 1], [0, 2, reduction === 'none' ? 1 : 0])), flow(3, 4, 4)],
      {
        opset: 18,
        attributes: { reduction },
      },
    ),
    row(
      reduction,
      'ScatterElements',
      [flow(1, 5), fed(whole([1, 3], [1, reduction === 'none' ? 2 : 1, 3])), flow(1, 3)],
      {
        opset: 18,
        attributes: { axis: 1, reduction },
      },
    ),
  ]),
])('$title', (each) => expectAlike(each));
