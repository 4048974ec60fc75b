// The model of a session: the file as it was opened, and the pruner that holds the network as it is now.

import { unsupported } from '../../execution/support.ts';
import type { Model } from '../../formats/format.ts';
import { openModel, writeModel } from '../../formats/formats.ts';
import type { Graph } from '../../graph/types.ts';
import { ModelError } from '../../lib/errors.ts';
import type { PrunerOptions } from '../../pruning/options.ts';
import { MetaPruner } from '../../pruning/pruner.ts';
import { type Cost, costOf } from '../../pruning/resizing.ts';
import type { NamedFile, StepOptions, SurvivingAxis } from '../engine.ts';
import type { Kept, KeptSession } from '../keeping/store.ts';
import { drawGraph } from '../picture/drawing.ts';
import type { CostPoint, Drawing, ModelSummary, RejectedGroup } from '../state.ts';
import { summarise } from './summary.ts';

export class OpenedModel {
  readonly file: NamedFile;
  readonly companions: readonly NamedFile[];
  readonly original: Model;
  /** Of the model as opened. */
  readonly initialCost: Cost;
  readonly #initialUnits: ReadonlyMap<string, number>;
  readonly #unsupported: readonly string[];
  /** What the present model is written into. */
  #document: Model;
  #pruner: MetaPruner;
  #options: StepOptions | undefined;

  /** @throws ModelError when no format reads the file */
  constructor(file: NamedFile, companions: readonly NamedFile[] = []) {
    this.file = file;
    this.companions = companions;
    this.original = openModel(file.bytes, file.name, byName(companions));
    this.#document = this.original;
    this.#pruner = new MetaPruner(this.original.graph);
    const { analysis } = this.#pruner;
    this.initialCost = costOf(analysis);
    this.#initialUnits = new Map(analysis.groups.map(({ id, units }) => [id, units]));
    this.#unsupported = unsupported(this.original.graph);
  }

  /** @throws ModelError when what was kept cannot be read any more */
  static restore({ original, present, session }: Restorable): OpenedModel {
    const opened = new OpenedModel(original.file, original.companions);
    const { options, pruner } = session;
    opened.#options = options;
    if (!pruner) return opened;
    if (present) opened.#document = openModel(present, original.file.name);
    const { graph } = opened.#document;
    opened.#pruner = MetaPruner.restore(graph, options ? prunerOptions(options) : {}, pruner);
    return opened;
  }

  get pruner(): MetaPruner {
    return this.#pruner;
  }

  get graph(): Graph {
    return this.#pruner.graph;
  }

  /** Of the latest step, under review or applied. */
  get options(): StepOptions | undefined {
    return this.#options;
  }

  /**
   * Options for the steps to come. Equal ones go on with the schedule, others start a new one.
   * @throws ModelError `bad-option`, `unknown-criterion`
   */
  configure(options: StepOptions): void {
    if (JSON.stringify(options) === JSON.stringify(this.#options)) return;
    this.#pruner.configure(prunerOptions(options));
    this.#options = options;
  }

  /** Why it cannot be trained; `undefined` if it can. */
  get untrainable(): string | undefined {
    const { trainable } = this.summary();
    return trainable.ok ? undefined : trainable.why;
  }

  summary(): ModelSummary {
    return summarise(this.original, this.#pruner.analysis, {
      fileBytes: this.file.bytes.length,
      initialUnits: this.#initialUnits,
      unsupported: this.#unsupported,
    });
  }

  draw(expanded: readonly string[]): Drawing {
    return drawGraph(this.#pruner.analysis, new Set(expanded), this.#initialUnits);
  }

  /** @throws ModelError `unknown-group`, `unknown-member` */
  explain(id: string, from: number, to: number) {
    const { analysis } = this.#pruner;
    const group = analysis.groups.find((candidate) => candidate.id === id);
    if (!group) throw unknown('group', id);
    const members = this.summary().groups.find((summary) => summary.id === id)?.members ?? [];
    const member = (index: number) => {
      const wanted = members[index];
      const found = group.members.find(
        ({ tensor, axis }) => tensor === wanted?.tensor && axis === wanted.axis,
      );
      if (!found) throw unknown('member', `${id}[${index}]`);
      return found;
    };
    return analysis.path(group, member(from), member(to));
  }

  cost(): Cost {
    return costOf(this.#pruner.analysis);
  }

  costPoint(step: number): CostPoint {
    const { params, macs, bytes } = this.cost();
    const { initialCost, file } = this;
    return {
      step,
      params,
      macs,
      sparsity: initialCost.params === 0 ? 0 : 1 - params / initialCost.params,
      bytes: file.bytes.length - (initialCost.bytes - bytes),
    };
  }

  rejected(): RejectedGroup[] {
    const { analysis, rejected } = this.#pruner;
    const roots = new Map(analysis.groups.map(({ id, root }) => [id, root.tensor]));
    return [...rejected].map(([group, rejections]) => {
      const reason = rejections.findLast((rejection) => rejection.reason)?.reason;
      return {
        group,
        root: roots.get(group) ?? group,
        units: new Set(rejections.flatMap(({ units }) => units)).size,
        ...(reason ? { reason } : {}),
      };
    });
  }

  provenance(): SurvivingAxis[] {
    const { graph, analysis } = this.#pruner;
    const axes = new Map(
      analysis.groups.flatMap(({ members }) =>
        members.map(({ tensor, axis }) => [`${axis}:${tensor}`, { tensor, axis }] as const),
      ),
    );
    return [...axes.values()]
      .filter(({ tensor }) => graph.tensors.has(tensor))
      .map(({ tensor, axis }) => ({
        tensor,
        axis,
        original: Array.from(this.#pruner.originalPositions(tensor, axis)),
      }));
  }

  /** The present model in its own format. */
  write(): Uint8Array {
    return writeModel({ ...this.#document, graph: this.graph });
  }
}

/** What of a kept session makes the model. */
export type Restorable = Pick<Kept, 'original' | 'present'> & {
  readonly session: Pick<KeptSession, 'pruner' | 'options'>;
};

const byName = (files: readonly NamedFile[]): Map<string, Uint8Array> =>
  new Map(files.map(({ name, bytes }) => [name, bytes]));

const unknown = (what: string, id: string): ModelError =>
  new ModelError({ code: `unknown-${what}`, where: id, message: `There is no ${what} called "${id}".` });

/** The page's options in the pruner's terms; the pruner checks them. */
function prunerOptions(options: StepOptions): PrunerOptions {
  const { calibration, backend, ...own } = options;
  return own;
}
