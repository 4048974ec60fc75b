// Models and data coming in, looked at, and going out.

import type { Dataset, Normalisation } from '../../training/types.ts';
import { type Core, clearedState, emptyState } from '../core.ts';
import { picturesOf } from '../data/data-samples.ts';
import { fittedTo, openData, type SessionData, summariseData } from '../data/session-data.ts';
import type { Engine } from '../engine.ts';
import { allInMemory, inMemory } from '../files.ts';
import type { KeptData } from '../keeping/store.ts';
import { lacks } from '../missing.ts';
import { recipeOf } from '../steps/recipe.ts';
import { fileNameAfter } from './file-names.ts';
import { OpenedModel } from './opened.ts';

type Opening = Pick<
  Engine,
  | 'open'
  | 'openSample'
  | 'openData'
  | 'normaliseData'
  | 'openGeneratedData'
  | 'sampleData'
  | 'close'
  | 'draw'
  | 'explain'
  | 'provenance'
  | 'exportModel'
  | 'exportRecipe'
> & {
  /** @throws ModelError when it does not fit the model */
  giveDataset(dataset: Dataset): Promise<void>;
};

export const opening = (core: Core): Opening => ({
  open: (file, companions = []) =>
    core.task(`Opening ${file.name}`, async () =>
      begin(core, new OpenedModel(await inMemory(file), await allInMemory(companions)), core.data),
    ),

  openSample: (bytes) =>
    core.task('Opening the sample', async () => {
      const model = new OpenedModel({ name: 'sample.onnx', bytes });
      await begin(core, model, await openData({ kind: 'generated' }));
    }),

  openData: (files, options = {}) =>
    core.task('Reading the data', async () =>
      takeData(core, await openData({ kind: 'files', files, options })),
    ),

  normaliseData: (normalisation) =>
    core.task('Normalising', async () => {
      const data = core.requireData();
      if (!data.kept) throw lacks.files();
      await takeData(core, { ...data, kept: normalised(data.kept, normalisation) });
    }),

  openGeneratedData: () =>
    core.task('Drawing digits', async () => takeData(core, await openData({ kind: 'generated' }))),

  giveDataset: (dataset) => core.turns.take(() => takeData(core, { source: dataset, dataset })),

  sampleData: async (count) => picturesOf(core.requireData().dataset, count),

  close: () =>
    core.turns.take(async () => {
      core.model = undefined;
      core.review = undefined;
      core.data = undefined;
      core.steps = [];
      core.earlier = [];
      const { revision } = core.board.state;
      core.board.set({ ...clearedState, ...emptyState, revision: revision + 1 });
      await core.keeper.clear();
    }),

  draw: async (expanded) => core.requireModel().draw(expanded),
  explain: async (group, from, to) => core.requireModel().explain(group, from, to),
  provenance: async () => core.requireModel().provenance(),

  exportModel: () =>
    core.task('Writing the model', async () => {
      const model = core.requireModel();
      const changed = model.graph !== model.original.graph;
      const file = { name: fileNameAfter(model.file.name, changed), bytes: model.write() };
      core.board.log({ kind: 'exported', fileName: file.name, bytes: file.bytes.length });
      return file;
    }),

  async exportRecipe() {
    const { file, initialCost } = core.requireModel();
    const text = JSON.stringify(recipeOf(file.name, initialCost, core.steps), undefined, 1);
    return { name: fileNameAfter(file.name, true, '.json'), bytes: new TextEncoder().encode(text) };
  },
});

/** A fresh session with this model; data that fits it stays. */
async function begin(core: Core, model: OpenedModel, present: SessionData | undefined): Promise<void> {
  const { file, companions, initialCost } = model;
  const data = present && fittingData(present, model);
  core.model = model;
  core.data = data;
  core.review = undefined;
  core.steps = [];
  core.earlier = [];
  core.board.set({
    ...clearedState,
    ...core.modelState(),
    data: data && summariseData(data),
    log: [],
    costs: [model.costPoint(0)],
    curve: [],
  });
  const { params, macs } = initialCost;
  core.board.log({ kind: 'opened', fileName: file.name, params, macs });
  if (present && !data) {
    const message = `"${present.dataset.name}" does not fit ${file.name} and was put away.`;
    core.board.log({ kind: 'note', message });
  }
  await core.keeper.keep({
    original: { file, companions },
    present: undefined,
    training: undefined,
    earlier: undefined,
    data: data?.kept,
  });
}

const normalised = (kept: KeptData, normalisation: Normalisation | undefined): KeptData =>
  kept.kind === 'files'
    ? { ...kept, options: { ...kept.options, normalisation } }
    : { ...kept, normalisation };

/** The same data for another model; `undefined` where it does not fit. */
function fittingData(data: SessionData, { original }: OpenedModel): SessionData | undefined {
  try {
    return fittedTo(data, original);
  } catch {
    return undefined;
  }
}

async function takeData(core: Core, opened: SessionData): Promise<void> {
  const data = core.model ? fittedTo(opened, core.model.original) : opened;
  core.data = data;
  core.board.set({ data: summariseData(data) });
  await core.keeper.keep({ data: data.kept });
}
