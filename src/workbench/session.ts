// The engine in process: one session, its calls one after the other. What each call is about has a file of its own; here is
// only what belongs to which, and when the session changes.

import type { BackendOptions } from '../execution/backend.ts';
import type { BackendName } from '../execution/types.ts';
import { problemOf } from '../lib/errors.ts';
import type { Dataset } from '../training/types.ts';
import { answersOf } from './answers.ts';
import { Board } from './board.ts';
import { picturesOf } from './data-samples.ts';
import { Device } from './device.ts';
import type {
  DataOptions,
  Decision,
  DroppedFile,
  Engine,
  NamedFile,
  RepairOptions,
  StepOptions,
  TrainOptions,
  TrainProgress,
} from './engine.ts';
import { evidenceFor } from './evidence.ts';
import { fileNameAfter } from './file-names.ts';
import { gateFor } from './gate.ts';
import { Keeper } from './keeper.ts';
import { measure } from './measure.ts';
import { lacks, stepIsOpen } from './missing.ts';
import { OpenedModel } from './opened.ts';
import { type RecipeStep, recipeOf } from './recipe.ts';
import { repair } from './repair.ts';
import { Review } from './review.ts';
import { fittedTo, openData, type SessionData, summariseData } from './session-data.ts';
import { unpackSession } from './session-file.ts';
import type { SessionState } from './state.ts';
import { type Kept, type KeptData, type KeptSession, MemoryStore, type SessionStore } from './store.ts';
import { TrainingPass } from './training-pass.ts';
import { Turns } from './turns.ts';

export interface EngineOptions extends BackendOptions {
  /** Where the session is kept. Default: in memory. */
  readonly store?: SessionStore | Promise<SessionStore>;
  /** Between two checkpoints of a running pass. Default 5. */
  readonly checkpointSeconds?: number;
}

/** The engine of this process, which can also be given data that no file holds. */
export interface LocalEngine extends Engine {
  /** @throws ModelError when it does not fit the model */
  giveDataset(dataset: Dataset): Promise<void>;
}

export const createEngine = (options: EngineOptions = {}): LocalEngine => new Session(options);

const empty: SessionState = { log: [], costs: [], curve: [], gate: gateFor({}), revision: 0 };

/** What is absent from a state unless something puts it there. */
const cleared = {
  model: undefined,
  data: undefined,
  step: undefined,
  rejected: undefined,
  interrupted: undefined,
} satisfies Partial<SessionState>;

class Session implements LocalEngine {
  readonly #board = new Board(empty);
  readonly #turns = new Turns();
  readonly #device: Device;
  readonly #keeper: Keeper;
  readonly #checkpointSeconds: number;
  #model: OpenedModel | undefined;
  #review: Review | undefined;
  #data: SessionData | undefined;
  #steps: readonly RecipeStep[] = [];

  constructor({ store = new MemoryStore(), checkpointSeconds = 5, ...backend }: EngineOptions) {
    this.#device = new Device(this.#board, backend);
    this.#keeper = new Keeper(store, this.#board, () => this.#kept());
    this.#checkpointSeconds = checkpointSeconds;
  }

  async listen(listener: (state: SessionState) => void): Promise<void> {
    this.#board.listen(listener);
  }

  // -------------------------------------------------------------- opening

  open(file: NamedFile, companions: readonly NamedFile[] = []): Promise<void> {
    return this.#task(`Opening ${file.name}`, async () => {
      await this.#begin(new OpenedModel(file, companions));
    });
  }

  openSample(bytes: Uint8Array): Promise<void> {
    return this.#task('Opening the sample', async () => {
      const model = new OpenedModel({ name: 'sample.onnx', bytes });
      this.#data = fittedTo(await openData({ kind: 'generated' }), model.original);
      await this.#begin(model);
    });
  }

  openData(files: readonly DroppedFile[], options: DataOptions = {}): Promise<void> {
    return this.#task('Reading the data', async () =>
      this.#takeData(await openData({ kind: 'files', files, options })),
    );
  }

  openGeneratedData(): Promise<void> {
    return this.#task('Drawing digits', async () => this.#takeData(await openData({ kind: 'generated' })));
  }

  giveDataset(dataset: Dataset): Promise<void> {
    return this.#turns.take(() => this.#takeData({ source: dataset, dataset }));
  }

  async sampleData(count: number) {
    return picturesOf(this.#requireData().dataset, count);
  }

  answers({ examples, backend }: { examples: number; backend: BackendName | 'auto' }) {
    return this.#task('Asking the network', () => {
      const { graph } = this.#requireModel();
      const { dataset } = this.#requireData();
      return this.#device.withNetwork(graph, backend, (network) => answersOf(network, dataset, examples));
    });
  }

  async close(): Promise<void> {
    await this.#turns.take(async () => {
      this.#model = undefined;
      this.#review = undefined;
      this.#data = undefined;
      this.#steps = [];
      const { revision, backend } = this.#board.state;
      this.#board.set({
        ...cleared,
        ...empty,
        revision: revision + 1,
        backend,
      });
      await this.#keeper.clear();
    });
  }

  /** A fresh session with this model; data that fits it stays. */
  async #begin(model: OpenedModel): Promise<void> {
    const { name } = model.file;
    const data = this.#data && fittingData(this.#data, model);
    const dropped = this.#data && !data ? this.#data.dataset.name : undefined;
    this.#model = model;
    this.#data = data;
    this.#review = undefined;
    this.#steps = [];
    const { params, macs } = model.initialCost;
    this.#board.set({
      ...cleared,
      ...this.#modelState(),
      data: data && summariseData(data),
      log: [],
      costs: [model.costPoint(0)],
      curve: [],
    });
    this.#board.log({ kind: 'opened', fileName: name, params, macs });
    if (dropped)
      this.#board.log({ kind: 'note', message: `"${dropped}" does not fit ${name} and was put away.` });
    const { file, companions } = model;
    await this.#keeper.keep({
      original: { file, companions },
      present: undefined,
      training: undefined,
      data: data?.kept,
    });
  }

  async #takeData(opened: SessionData): Promise<void> {
    const data = this.#model ? fittedTo(opened, this.#model.original) : opened;
    this.#data = data;
    this.#board.set({ data: summariseData(data) });
    await this.#keeper.keep({ data: data.kept });
  }

  // -------------------------------------------------------------- looking

  async draw(expanded: readonly string[]) {
    return this.#requireModel().draw(expanded);
  }

  async explain(group: string, from: number, to: number) {
    return this.#requireModel().explain(group, from, to);
  }

  async provenance() {
    return this.#requireModel().provenance();
  }

  // -------------------------------------------------------------- a step

  startStep(options: StepOptions): Promise<void> {
    return this.#task('Scoring the groups', async () => {
      this.#requireModel();
      if (this.#review) throw stepIsOpen();
      const review = await this.#openStep(options);
      // A step without candidates ends at once, and says why.
      if (review.step.candidates.length === 0) await this.#finishStep(review);
    });
  }

  async #openStep(options: StepOptions): Promise<Review> {
    const model = this.#requireModel();
    const evidence = await evidenceFor(options, {
      graph: model.graph,
      data: this.#data?.dataset,
      device: this.#device,
      board: this.#board,
    });
    model.configure(options);
    const review = new Review(model.pruner.open(evidence), model.pruner.analysis);
    this.#review = review;
    this.#showStep();
    return review;
  }

  decide(candidate: string, decision: Decision): Promise<void> {
    return this.decideAll([candidate], decision);
  }

  decideAll(candidates: readonly string[], decision: Decision): Promise<void> {
    return this.#turns.take(async () => {
      this.#requireReview().decide(candidates, decision);
      this.#showStep();
    });
  }

  undo(): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#requireReview().undo()) this.#showStep();
    });
  }

  tryOut({ examples, backend }: { examples: number; backend: BackendName | 'auto' }) {
    return this.#task('Trying the decisions out', () => {
      const graph = this.#requireReview().graphLeft();
      const { dataset } = this.#requireData();
      return this.#device.withNetwork(graph, backend, (network) => measure(network, dataset, { examples }));
    });
  }

  applyStep(): Promise<boolean> {
    return this.#task('Cutting what was accepted', () => this.#finishStep(this.#requireReview()));
  }

  async #finishStep(review: Review): Promise<boolean> {
    const model = this.#requireModel();
    const pruned = review.step.finish();
    const report = model.pruner.lastStep;
    if (!report || !model.options) throw new Error('A finished step leaves a report.');
    const entry = model.pruner.history.at(-1);
    const cuts = pruned && entry ? entry.cuts : [];
    this.#review = undefined;
    this.#steps = [...this.#steps, { options: model.options, pruned, decisions: review.decisions, cuts }];
    const { costs } = this.#board.state;
    this.#board.log(
      {
        kind: 'step',
        number: report.step,
        pruned,
        reasons: report.reasons,
        removedUnits: report.removed.reduce((sum, { units }) => sum + units.length, 0),
        accepted: report.accepted.length,
        rejected: report.rejected.length,
        before: { params: report.before.params, macs: report.before.macs },
        after: { params: report.after.params, macs: report.after.macs },
        ...(report.problems.length > 0 ? { problems: report.problems } : {}),
        ...(report.ratio === undefined ? {} : { ratio: report.ratio }),
      },
      { ...this.#modelState(pruned), step: undefined, costs: [...costs, model.costPoint(costs.length)] },
    );
    await this.#keeper.keep(pruned ? { present: model.write() } : {});
    return pruned;
  }

  async cancelStep(): Promise<void> {
    await this.#turns.take(async () => {
      this.#requireReview().step.cancel();
      this.#review = undefined;
      this.#board.set({ step: undefined, gate: this.#gate() });
    });
  }

  async release(group: string): Promise<void> {
    await this.#turns.take(async () => {
      const model = this.#requireModel();
      model.pruner.release(group);
      this.#board.set({ rejected: model.rejected() });
    });
  }

  #showStep(): void {
    this.#board.set({ step: this.#review?.describe(), gate: this.#gate() });
  }

  // -------------------------------------------------------------- training

  async *train(options: TrainOptions): AsyncGenerator<TrainProgress, void, void> {
    yield* this.#pass(options);
  }

  async *resume(): AsyncGenerator<TrainProgress, void, void> {
    const interrupted = this.#keeper.training;
    if (!interrupted) throw lacks.interruption();
    yield* this.#pass(interrupted);
  }

  async *#pass(
    start: TrainOptions | NonNullable<Kept['training']>,
  ): AsyncGenerator<TrainProgress, void, void> {
    const release = await this.#turns.hold();
    try {
      const model = this.#requireModel();
      const options = 'options' in start ? start.options : start;
      const gate = this.#gate(options.unpruned);
      if (!gate.open) {
        this.#board.log({ kind: 'training-skipped', message: gate.message });
        return;
      }
      const context = {
        board: this.#board,
        device: this.#device,
        keeper: this.#keeper,
        model,
        data: this.#requireData().dataset,
        gate,
        checkpointSeconds: this.#checkpointSeconds,
      };
      yield* new TrainingPass(context, start).run();
    } finally {
      release();
    }
  }

  repair(options: RepairOptions) {
    return this.#task('Repairing', async () => {
      const model = this.#requireModel();
      const done = await repair(options, {
        model,
        data: this.#requireData().dataset,
        gate: this.#gate(),
        device: this.#device,
        board: this.#board,
      });
      this.#board.log({ kind: 'repair', method: options.method, ...done });
      if (done.changed) await this.#keeper.keep({ present: model.write() });
      return done;
    });
  }

  evaluate(backend: BackendName | 'auto') {
    return this.#task('Evaluating', async () => {
      const { graph } = this.#requireModel();
      const { dataset } = this.#requireData();
      const evaluated = await this.#device.withNetwork(graph, backend, (network) =>
        measure(network, dataset),
      );
      const costs = withAccuracy(this.#board.state.costs, evaluated.accuracy);
      this.#board.log({ kind: 'evaluated', ...evaluated }, { costs });
      return evaluated;
    });
  }

  #gate(unpruned = false) {
    const { pruner, untrainable } = this.#model ?? {};
    return gateFor({
      model: this.#model !== undefined,
      untrainable,
      reviewing: this.#review !== undefined,
      lastStep: pruner?.lastStep,
      unpruned,
    });
  }

  // -------------------------------------------------------------- taking away

  exportModel(): Promise<NamedFile> {
    return this.#task('Writing the model', async () => {
      const model = this.#requireModel();
      const changed = model.graph !== model.original.graph;
      const file = { name: fileNameAfter(model.file.name, changed), bytes: model.write() };
      this.#board.log({ kind: 'exported', fileName: file.name, bytes: file.bytes.length });
      return file;
    });
  }

  async exportRecipe(): Promise<NamedFile> {
    const { file, initialCost } = this.#requireModel();
    const text = JSON.stringify(recipeOf(file.name, initialCost, this.#steps), undefined, 1);
    return { name: fileNameAfter(file.name, true, '.json'), bytes: new TextEncoder().encode(text) };
  }

  // -------------------------------------------------------------- keeping

  save(): Promise<Uint8Array> {
    this.#requireModel();
    return this.#keeper.pack();
  }

  restore(saved: Uint8Array): Promise<void> {
    return this.#task('Opening the session', async () => {
      const kept = unpackSession(saved);
      await this.#goOn(kept);
      await this.#keeper.keep(kept);
    });
  }

  recover(): Promise<boolean> {
    return this.#task('Opening the last session', async () => {
      try {
        const kept = await this.#keeper.load();
        if (!kept) return false;
        await this.#goOn(kept);
        this.#keeper.adopt(kept);
        return true;
      } catch (error) {
        const message = `The last session could not be opened. ${problemOf(error).message}`;
        this.#board.log({ kind: 'note', message });
        return false;
      }
    });
  }

  /** Everything as it was kept; what cannot be had again is told. */
  async #goOn(kept: Kept): Promise<void> {
    const { session, curve, training } = kept;
    const model = OpenedModel.restore(kept);
    this.#model = model;
    this.#steps = session.steps;
    this.#review = undefined;
    this.#data = undefined;
    const { log, costs } = session;
    const interrupted = training && {
      epoch: training.epoch,
      epochs: training.options.epochs,
      at: training.at,
    };
    this.#board.set({ ...cleared, ...this.#modelState(), log, costs, curve, interrupted });
    await this.#orNote('The data could not be opened again.', async () => {
      if (kept.data) await this.#dataAgain(kept.data, model);
    });
    await this.#orNote('The step under review could not be opened again.', async () => {
      if (session.review && model.options) await this.#reviewAgain(session.review, model.options);
    });
  }

  async #dataAgain(kept: KeptData, model: OpenedModel): Promise<void> {
    this.#data = fittedTo(await openData(kept), model.original);
    this.#board.set({ data: summariseData(this.#data) });
  }

  async #reviewAgain(decisions: RecipeStep['decisions'], options: StepOptions): Promise<void> {
    const review = await this.#openStep(options);
    for (const { candidate, decision } of decisions) review.decide([candidate], decision);
    this.#showStep();
  }

  async #orNote(sentence: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#board.log({ kind: 'note', message: `${sentence} ${problemOf(error).message}` });
    }
  }

  #kept(): KeptSession | undefined {
    const model = this.#model;
    if (!model) return undefined;
    const { log, costs } = this.#board.state;
    return {
      log,
      costs,
      pruner: model.pruner.save(),
      steps: this.#steps,
      ...(model.options ? { options: model.options } : {}),
      ...(this.#review ? { review: this.#review.decisions } : {}),
    };
  }

  // -------------------------------------------------------------- in common

  /** A call in its turn, with its name on the board while it runs. */
  #task<T>(task: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      this.#board.set({ busy: { task } });
      try {
        return await work();
      } finally {
        this.#board.set({ busy: undefined });
      }
    });
  }

  /** What the model has to say; `redrawn`: also that its picture is another. */
  #modelState(redrawn = true): Partial<SessionState> {
    const model = this.#requireModel();
    const { revision } = this.#board.state;
    return {
      model: model.summary(),
      rejected: model.rejected(),
      gate: this.#gate(),
      revision: redrawn ? revision + 1 : revision,
    };
  }

  #requireModel(): OpenedModel {
    if (this.#model) return this.#model;
    throw lacks.model();
  }

  #requireReview(): Review {
    this.#requireModel();
    if (this.#review) return this.#review;
    throw lacks.step();
  }

  #requireData(): SessionData {
    if (this.#data) return this.#data;
    throw lacks.data();
  }
}

/** The same data for another model; `undefined` where it does not fit. */
function fittingData(data: SessionData, { original }: OpenedModel): SessionData | undefined {
  try {
    return fittedTo(data, original);
  } catch {
    return undefined;
  }
}

const withAccuracy = (costs: SessionState['costs'], accuracy: number | undefined): SessionState['costs'] =>
  accuracy === undefined
    ? costs
    : costs.map((point, i) => (i === costs.length - 1 ? { ...point, accuracy } : point));
