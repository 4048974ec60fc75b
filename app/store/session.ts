// The session as the engine tells it, and what a person can ask of it.

import type { Problem } from '../../src/lib/errors.ts';
import { baseName } from '../../src/lib/text.ts';
import type {
  Answer,
  DataSample,
  DataSummary,
  LogEntry,
  NamedBlob,
  NamedFile,
  SessionState,
} from '../../src/workbench/engine.ts';
import { download } from '../files/files.ts';
import { isSession, looksLikeModel, sessionEnding, sortFiles } from '../files/sort.ts';
import { hasUnsavedWork } from '../log/unsaved.ts';
import { bytes, plural } from '../text/numbers.ts';
import type { Slice } from './state.ts';

export interface SessionSlice {
  /** `undefined` until the engine has answered for the first time. */
  readonly session: SessionState | undefined;
  /** A model that wants another file, kept until that file is dropped too. */
  readonly waiting: NamedBlob | undefined;
  /** The log's last entry when the session was last saved as a file, or opened from one. */
  readonly keptUpTo: LogEntry | undefined;
  /** What would take the place of the open model, until the person has answered. */
  readonly leaving: (() => Promise<void>) | undefined;
  receive(session: SessionState): void;
  /** Whatever was dropped or picked: a model, its companions, or data. */
  openFiles(files: readonly NamedBlob[]): Promise<void>;
  openSample(): Promise<void>;
  openGeneratedData(): Promise<void>;
  normaliseData(normalisation: DataSummary['normalisation']): Promise<void>;
  sampleData(count: number): Promise<readonly DataSample[]>;
  /** What the network said about these examples when it was last asked; absent once the network has changed. */
  readonly answers: readonly Answer[] | undefined;
  ask(): Promise<void>;
  closeModel(): Promise<void>;
  answerLeaving(agreed: boolean): Promise<void>;
  startStep(): Promise<void>;
  applyStep(): Promise<void>;
  cancelStep(): Promise<void>;
  /** Undoes everything from the step at this place of the log on. */
  goBack(entry: number): Promise<void>;
  release(group: string): Promise<void>;
  exportModel(): Promise<void>;
  exportRecipe(): Promise<void>;
  /** The whole session as a file; opening that file goes on with it. */
  saveSession(): Promise<void>;
}

/** Of the data set, in its panel. */
export const examplesShown = 8;

/** By its name alone, whatever folder it was dropped in. */
const flat = ({ name, blob }: NamedBlob): NamedBlob => ({ name: baseName(name), blob });

const oneAtATime = (opened: NamedBlob, other: NamedBlob): Problem => ({
  code: 'several-models',
  where: other.name,
  message: `"${other.name}" was not opened, only "${opened.name}": one model at a time.`,
  hint: 'Drop the other one by itself to open it instead.',
});

export const sessionSlice: Slice<SessionSlice> = (set, get, _store, engine) => {
  /** Does `job` under a name; whether it worked. */
  const did = async (work: string, job: () => Promise<unknown>): Promise<boolean> =>
    (await get().during(work, async () => {
      await job();
      return true;
    })) ?? false;

  /** At once where nothing is given up, else once the person has agreed. */
  const leave = async (job: () => Promise<void>): Promise<void> => {
    const { session, keptUpTo } = get();
    if (hasUnsavedWork(session?.log ?? [], keptUpTo)) set({ leaving: job });
    else await job();
  };
  const openModel = async (model: NamedBlob, companions: readonly NamedBlob[]) => {
    set({ waiting: undefined });
    const file = flat(model);
    const opened = await did(`Opening ${file.name}`, () => engine.open(file, companions.map(flat)));
    const wantsMore = get().problems.at(-1)?.code === 'external-data';
    if (opened) greet();
    else if (wantsMore) set({ waiting: model });
  };
  const greet = () => {
    set({
      expanded: [],
      selectedGroup: undefined,
      pointedGroup: undefined,
      current: undefined,
      problems: [],
    });
    const model = get().session?.model;
    if (!model) return;
    const open = model.groups.filter(({ locked }) => locked === undefined).length;
    get().say(`${model.fileName}: ${plural(open, 'group')} can be pruned.`);
  };
  const openSample = async () => {
    const opened = await did('Opening the sample', async () => {
      const answer = await fetch('./sample.onnx');
      await engine.openSample(new Uint8Array(await answer.arrayBuffer()));
    });
    if (opened) greet();
  };
  const openSession = async (file: NamedBlob) => {
    const opened = await did('Opening the session', () => engine.restore(file.blob));
    if (!opened) return;
    set({ problems: [], expanded: [], keptUpTo: get().session?.log.at(-1) });
    get().say(`${get().session?.model?.fileName ?? 'The session'} goes on where it was saved.`);
  };
  const openData = async (job: () => Promise<void>) => {
    const opened = await did('Reading the data', job);
    const data = get().session?.data;
    if (!opened || !data) return;
    set({ problems: [] });
    get().say(`${data.name}: ${plural(data.examples.train, 'example')} to train on.`);
  };
  /** Makes a file under a name and gives it to the person; the file, or `undefined` where it failed. */
  const saved = (work: string, make: () => Promise<NamedFile>): Promise<NamedFile | undefined> =>
    get().during(work, async () => {
      const file = await make();
      await download(file);
      return file;
    });
  /** Ends the step once every decision so far has reached the engine; it takes none from now on. */
  const ended = async (work: string, end: () => Promise<unknown>): Promise<boolean> => {
    set({ ending: true });
    const done = await did(work, async () => {
      await get().decisionsSent();
      await end();
    });
    set({ ending: false });
    return done;
  };
  /** Says what the last step did, or why it did nothing. */
  const explainStep = () => {
    const entry = get().session?.log.findLast(({ kind }) => kind === 'step');
    if (entry?.kind !== 'step') return;
    get().say(
      entry.pruned
        ? `Step ${entry.number} removed ${plural(entry.removedUnits, 'unit')}. Training is open.`
        : `Step ${entry.number} removed nothing, so training is shut. ${entry.reasons[0]?.message ?? ''}`,
    );
  };

  return {
    session: undefined,
    waiting: undefined,
    keptUpTo: undefined,
    leaving: undefined,
    answers: undefined,
    receive(session) {
      const before = get().session;
      const changed = session.revision !== before?.revision || session.data !== before?.data;
      set({ session, ...(changed || session.curve !== before?.curve ? { answers: undefined } : {}) });
      if (session.model && !before?.model && !get().work)
        get().say(`${session.model.fileName} goes on where it was left.`);
      if (session.unkept && !before?.unkept) get().complain(session.unkept);
      if (!session.model) set({ drawing: undefined, groupNames: new Map(), selectedGroup: undefined });
      else if (!before?.model || session.revision !== before.revision) void get().redraw();
      if (session.step && !before?.step)
        get().goTo(session.step.candidates.find(({ verdict }) => verdict === 'undecided')?.id);
      if (!session.step && before?.step) get().goTo(undefined);
    },
    async openFiles(files) {
      if (files.length === 0) return;
      const { session, waiting } = get();
      const kept = files.find(({ name }) => isSession(name));
      if (kept) return leave(() => openSession(kept));
      if (waiting && !files.some(({ name }) => looksLikeModel(name)))
        return leave(() => openModel(waiting, files));
      const { model, companions, data } = sortFiles(files, session?.model !== undefined);
      if (!model) return openData(() => engine.openData(data));
      const open = async () => {
        await openModel(model, companions);
        const another = companions.find(({ name }) => looksLikeModel(name));
        if (another && get().problems.length === 0) get().complain(oneAtATime(flat(model), flat(another)));
      };
      if (looksLikeModel(model.name)) await leave(open);
      else await open();
    },
    openSample: () => leave(openSample),
    openGeneratedData: () => openData(() => engine.openGeneratedData()),
    normaliseData: (normalisation) => openData(() => engine.normaliseData(normalisation)),
    sampleData: (count) => engine.sampleData(count),
    async ask() {
      const { backend } = get().trainOptions;
      const answers = await get().during('Asking the network', () =>
        engine.answers({ examples: examplesShown, backend }),
      );
      if (!answers) return;
      set({ answers });
      const known = answers.filter(({ right }) => right !== undefined);
      const right = known.filter((answer) => answer.right).length;
      get().say(
        known.length > 0 ? `${right} of ${known.length} examples are right.` : 'The network has answered.',
      );
    },
    closeModel: () =>
      leave(async () => {
        if (await did('Closing the model', () => engine.close())) get().say('');
      }),
    async answerLeaving(agreed) {
      const { leaving } = get();
      set({ leaving: undefined });
      if (agreed) await leaving?.();
    },
    async startStep() {
      set({ filter: '', which: 'all' });
      if (!(await did('Scoring the groups', () => engine.startStep(get().stepOptions)))) return;
      const step = get().session?.step;
      if (!step) return explainStep();
      get().say(
        `Step ${step.number} of ${step.of}: ${plural(step.candidates.length, 'candidate')} to review.`,
      );
      requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-name=candidates]')?.focus());
    },
    async applyStep() {
      if (await ended('Cutting what was accepted', () => engine.applyStep())) explainStep();
    },
    async cancelStep() {
      if (await ended('Cancelling the step', () => engine.cancelStep()))
        get().say('The step was cancelled; nothing was cut.');
    },
    async goBack(entry) {
      if (!(await did('Going back', () => engine.goBack(entry)))) return;
      const step = get().session?.log[entry];
      if (step?.kind === 'step') get().say(`Everything is as it was before step ${step.number}.`);
    },
    release: async (group) => void (await did('Releasing the group', () => engine.release(group))),
    async exportModel() {
      const file = await saved('Writing the model', () => engine.exportModel());
      if (!file) return;
      const before = get().session?.model?.fileBytes;
      get().say(
        `Exported ${file.name}: ${bytes(file.bytes.length)}${before ? `, was ${bytes(before)}` : ''}.`,
      );
    },
    async saveSession() {
      const { session } = get();
      const name = session?.model?.fileName ?? 'model';
      const file = await saved('Writing the session', async () => ({
        name: `${name.replace(/\.[^.]*$/, '')}${sessionEnding}`,
        bytes: await engine.save(),
      }));
      if (!file) return;
      set({ keptUpTo: session?.log.at(-1) });
      get().say('The session was saved as a file: drop it here to go on.');
    },
    async exportRecipe() {
      const file = await saved('Writing the recipe', () => engine.exportRecipe());
      if (file) get().say(`Exported ${file.name}: what was done, to be replayed on the command line.`);
    },
  };
};
