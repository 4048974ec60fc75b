// Every operator we know, by domain and name.

import { activation } from './activation.ts';
import { attention } from './attention.ts';
import { bits } from './bits.ts';
import { blocks } from './blocks.ts';
import { caching } from './caching.ts';
import { columnsToImage } from './columns-to-image.ts';
import { comparison } from './comparison.ts';
import { control } from './control.ts';
import { convolutions } from './convolution.ts';
import { deformable } from './deformable.ts';
import { determinant } from './determinant.ts';
import { einsum } from './einsum.ts';
import { elementwise } from './elementwise.ts';
import { embeddings } from './embedding.ts';
import { fusedAttention } from './fused-attention.ts';
import { generators } from './generators.ts';
import { globalPools } from './global-pooling.ts';
import { grids } from './grid.ts';
import { groupedAttention } from './grouped-attention.ts';
import { indexing } from './indexing.ts';
import { joining } from './joining.ts';
import { losses } from './losses.ts';
import { matrix } from './matrix.ts';
import { normalisation } from './normalisation.ts';
import type { Operator } from './op.ts';
import { otherNormalisation } from './other-normalisation.ts';
import { packedLevels } from './packed-levels.ts';
import { padding } from './padding.ts';
import { picking } from './picking.ts';
import { pools } from './pooling.ts';
import { quantise } from './quantise.ts';
import { quantisedAttention } from './quantised-attention.ts';
import { quantisedContractions } from './quantised-contractions.ts';
import { quantisedElementwise } from './quantised-elementwise.ts';
import { noises } from './random.ts';
import { recurrentLayers } from './recurrent.ts';
import { reducing } from './reduction.ts';
import { regions } from './regions.ts';
import { repeating } from './repeating.ts';
import { resampling } from './resampling.ts';
import { reshaping } from './reshaping.ts';
import { rotaryEmbeddings } from './rotary.ts';
import { scattering } from './scattering.ts';
import { slicing } from './slicing.ts';
import { softmax } from './softmax.ts';
import { spectral } from './spectral.ts';
import { suppression } from './suppression.ts';
import { transposedConvolutions } from './transposed-convolution.ts';
import { unique } from './unique.ts';
import { unpooling } from './unpooling.ts';

const families: readonly (readonly Operator[])[] = [
  activation,
  attention,
  bits,
  blocks,
  caching,
  comparison,
  elementwise,
  normalisation,
  otherNormalisation,
  reducing,
  softmax,
  columnsToImage,
  control,
  convolutions,
  deformable,
  determinant,
  einsum,
  embeddings,
  fusedAttention,
  generators,
  globalPools,
  grids,
  groupedAttention,
  indexing,
  joining,
  losses,
  matrix,
  packedLevels,
  padding,
  picking,
  pools,
  quantise,
  quantisedAttention,
  quantisedContractions,
  quantisedElementwise,
  noises,
  recurrentLayers,
  regions,
  repeating,
  resampling,
  reshaping,
  rotaryEmbeddings,
  scattering,
  slicing,
  spectral,
  suppression,
  transposedConvolutions,
  unique,
  unpooling,
];

const key = (domain: string, name: string) => `${domain}:${name}`;
const table = new Map(families.flat().map((o) => [key(o.domain ?? '', o.name), o]));

/** The record of an operator, or `undefined` for one we do not know. `ai.onnx` is another name of the standard domain. */
export const operatorOf = (domain: string, name: string): Operator | undefined =>
  table.get(key(domain === 'ai.onnx' ? '' : domain, name));

/** All records, sorted by domain and name. */
export const allOperators = (): Operator[] =>
  [...table.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, o]) => o);
