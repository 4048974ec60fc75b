// The data of a session: opened from files or generated, and fitted to the model's input.

import type { Model } from '../../formats/format.ts';
import { openDataset } from '../../training/datasets/datasets.ts';
import { blobFile, memoryFile } from '../../training/datasets/files/data-file.ts';
import { fitTo } from '../../training/datasets/fit.ts';
import { normalisationOf } from '../../training/datasets/normalisation.ts';
import { sampleDigits } from '../../training/datasets/sample.ts';
import type { DataFile, Dataset } from '../../training/types.ts';
import type { DroppedFile } from '../engine.ts';
import type { KeptData } from '../keeping/store.ts';
import type { DataSummary } from '../state.ts';

export interface SessionData {
  /** As opened. */
  readonly source: Dataset;
  /** As the model's inputs want it. */
  readonly dataset: Dataset;
  /** What opens it again; absent for a data set that a program made. */
  readonly kept?: KeptData;
}

/** @throws ModelError when no reader takes the files, or what they hold is damaged */
export async function openData(kept: KeptData): Promise<SessionData> {
  const source =
    kept.kind === 'generated' ? sampleDigits() : await openDataset(kept.files.map(dataFile), kept.options);
  return { source, dataset: source, kept };
}

/**
 * The data as the model wants it, normalised as the person says, else as the model's own notes say.
 * @throws ModelError that says what does not fit
 */
export function fittedTo(data: SessionData, { graph, metadata }: Model): SessionData {
  const { kept } = data;
  const stated = kept?.kind === 'files' ? kept.options.normalisation : kept?.normalisation;
  const normalisation = stated ?? normalisationOf(metadata);
  const { inputs, outputs } = graph;
  const options = normalisation ? { outputs, normalisation } : { outputs };
  return { ...data, dataset: fitTo(data.source, inputs, options) };
}

export function summariseData({ dataset }: SessionData): DataSummary {
  const { name, dims, classes, normalisation, problems, train, validation, test } = dataset;
  return {
    name,
    examples: { train: train.length, test: test.length, validation: validation.length },
    dims: dims[0] ?? [],
    classes,
    ...(normalisation ? { normalisation } : {}),
    ...(problems ? { problems } : {}),
  };
}

const dataFile = (file: DroppedFile): DataFile =>
  'blob' in file ? blobFile(file.blob, file.name) : memoryFile(file.name, file.bytes);
