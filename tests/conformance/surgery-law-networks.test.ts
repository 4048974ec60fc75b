// The surgery law on real files: all toys, sample models, and reference networks among which those that
// Torch-Pruning cannot prune.

import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/formats/formats.ts';
import { listShared, materialise, readShared, sharedFolder, skipReason, zooModels } from '../shared.ts';
import { expectLaw } from './random/law.ts';

/** These compute 1/√d from the dims of a head, and so do their pruned selves: heads are held, dims are not. */
const scaledBySize = new Set([
  'toy_embed',
  'toy_swin',
  'toy_swin_auto',
  'toy_vit_chunk',
  'toy_vit_fused',
  'toy_vit_gqa',
  'toy_vit_gqa8',
  'toy_vit_sep',
]);

const real = ['cifar_resnet56', 'mobilenet_v3_small', 'shufflenet_v2_x0_5', 'swin_t'];
const models = zooModels().filter((name) => name.startsWith('toy_') || real.includes(name));

describe.skipIf(!sharedFolder())(`a pruned network equals the masked original (${skipReason})`, () => {
  test.each(models)('%s', async (model) => {
    const { graph } = openModel(await materialise(model), model);
    const without = scaledBySize.has(model) ? (['head-dims'] as const) : [];
    expect(await expectLaw(graph, 7, { without, every: true })).toBeGreaterThan(0);
  });

  test.each(listShared('samples/onnx').filter((name) => name.endsWith('.onnx')))('%s', async (name) => {
    const { graph } = openModel(readShared(`samples/onnx/${name}`), name);
    expect(await expectLaw(graph, 7, { every: true })).toBeGreaterThan(0);
  });
});
