// EmbedLayerNormalization, as ONNX Runtime's tools write the first layers of BERT: the embeddings of words, places and
// segments added up and normalised. Formulas: onnxruntime/docs/ContribOperators.md.

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from './host.ts';
import {
  type AttrsOf,
  type Equations,
  float,
  int,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  type Operator,
  operator,
  type RunView,
  type WeightUse,
} from './op.ts';
import { gatherRows, sliceAlong } from './rearrange.ts';

const embedAttrs = { epsilon: float(1e-12), mask_index_type: int(0) };
type EmbedAttrs = AttrsOf<typeof embedAttrs>;
const [IDS, SEGMENT_IDS, WORDS, PLACES, SEGMENTS, SCALE, SHIFT, MASK, PLACE_IDS] = sequence(9);
const TABLES = [WORDS, PLACES, SEGMENTS];

const given = (view: NodeView<unknown>, inputs: readonly number[]) =>
  inputs.filter((input) => view.has(input));

function embedTerms(eq: Equations<EmbedAttrs>): void {
  const [, channels] = eq.axes(WORDS);
  for (const table of given(eq, TABLES)) {
    const [rows, columns] = eq.axes(table);
    eq.fix(rows, 'it is looked up by numbers that the network computes');
    eq.same(columns, channels);
  }
  for (const input of given(eq, [SCALE, SHIFT])) eq.same(eq.axes(input)[0], channels);
  const [batch, tokens] = eq.axes(IDS);
  for (const o of [0, 2]) if (o < eq.outputs) eq.out(o, [batch, tokens, channels]);
  if (eq.outputs > 1) eq.out(1, [batch]);
}

/** Rows of a table [rows, channels] for ids [batch, tokens]. */
function lookUp(view: RunView<EmbedAttrs>, table: number, ids: number): Tf.Tensor {
  const { tf } = view;
  const positions = tf.reshape(tf.cast(view.input(ids), 'int32'), [-1]) as Tf.Tensor1D;
  const rows = gatherRows(tf, view.input(table) as Tf.Tensor2D, positions);
  return tf.reshape(rows, [...view.shape(ids), view.shape(table)[1]]);
}

function runEmbed(view: RunView<EmbedAttrs>): Tf.Tensor[] {
  const { tf, attrs } = view;
  const [batch, tokens] = view.shape(IDS);
  const places = view.has(PLACE_IDS)
    ? lookUp(view, PLACES, PLACE_IDS)
    : tf.expandDims(sliceAlong(tf, view.input(PLACES), 0, 0, tokens), 0);
  const placed = tf.add(lookUp(view, WORDS, IDS), places);
  const sum = view.has(SEGMENTS) ? tf.add(placed, lookUp(view, SEGMENTS, SEGMENT_IDS)) : placed;
  const normal = view.kernels.normalize(sum, [2], attrs.epsilon);
  const y = tf.add(tf.mul(normal, view.input(SCALE)), view.input(SHIFT));
  const counts = view.has(MASK) ? tf.sum(view.input(MASK), 1) : tf.zeros([batch]);
  return [y, tf.cast(counts, 'int32'), sum].slice(0, view.outputs);
}

const EmbedLayerNormalization = operator({
  name: 'EmbedLayerNormalization',
  domain: 'com.microsoft',
  attrs: embedAttrs,
  coupling: 'adds embeddings up channel by channel and normalises the sum',
  shape: (view) => {
    const dtype = view.dtype(WORDS);
    const [batch, tokens] = view.shape(IDS);
    const dims = [batch, tokens, view.shape(WORDS)[1]];
    return [
      { dtype, dims },
      { dtype: 'int32', dims: [batch] },
      { dtype, dims },
    ];
  },
  fold: notFolded,
  terms: embedTerms,
  resize: noResize,
  weights: (view): WeightUse[] => [
    ...given(view, TABLES).map((input) => ({ input, role: 'table' }) as const),
    { input: SCALE, role: 'norm-scale' },
    { input: SHIFT, role: 'norm-shift' },
  ],
  layout: 'logical',
  run: runEmbed,
  macs: noMacs,
});

export const embeddings: readonly Operator[] = [EmbedLayerNormalization];
