// Pools over regions that boxes choose: RoiAlign, MaxRoiPool. Channels pass through; we prune around them and leave
// running them to the runtime the model is meant for.

import {
  type AttrSchema,
  type AttrsOf,
  float,
  int,
  ints,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  operator,
  string,
} from './op.ts';
import { illShaped, unsupported } from './refusal.ts';
import { SPATIAL } from './windows.ts';

const BOX = 'it tells boxes apart';

const overBoxes = <S extends AttrSchema>(row: {
  name: string;
  attrs: S;
  coupling: string;
  /** Height and width of what each box becomes. */
  size: (view: NodeView<AttrsOf<S>>) => readonly number[];
}): Operator =>
  operator<S>({
    ...row,
    shape: (view) => {
      const [height, width] = row.size(view);
      return [{ dtype: view.dtype(0), dims: [view.shape(1)[0], view.shape(0)[1], height, width] }];
    },
    fold: notFolded,
    terms: (eq) => {
      const [batch, channels, ...spatial] = eq.axes(0);
      for (const axis of [batch, ...spatial]) eq.fix(axis, SPATIAL);
      for (let i = 1; i < eq.inputs; i++) if (eq.has(i)) for (const axis of eq.axes(i)) eq.fix(axis, BOX);
      const [boxes, , ...size] = eq.outShape(0);
      eq.out(0, [eq.fixed(boxes, BOX), channels, ...size.map((length) => eq.fixed(length, SPATIAL))]);
    },
    resize: noResize,
    weights: noWeights,
    layout: 'logical',
    run: (view) => {
      throw unsupported(view, 'pools over boxes, which this program does not compute');
    },
    macs: noMacs,
  });

const RoiAlign = overBoxes({
  name: 'RoiAlign',
  attrs: {
    coordinate_transformation_mode: string('half_pixel'),
    mode: string('avg'),
    output_height: int(1),
    output_width: int(1),
    sampling_ratio: int(0),
    spatial_scale: float(1),
  },
  coupling: 'samples boxes of the image, each channel by itself',
  size: (view) => [view.attrs.output_height, view.attrs.output_width],
});

const MaxRoiPool = overBoxes({
  name: 'MaxRoiPool',
  attrs: { pooled_shape: ints(), spatial_scale: float(1) },
  coupling: 'takes the largest of each part of a box, each channel by itself',
  size: (view) => {
    const { pooled_shape } = view.attrs;
    if (pooled_shape?.length !== 2) throw illShaped(view, 'does not state the height and width of its pools');
    return pooled_shape;
  },
});

export const regions: readonly Operator[] = [RoiAlign, MaxRoiPool];
