// Why two members of a group go together: the operators on the way from one to the other. Each operator's equations
// are stated again by themselves, so that a step is only taken where that operator really ties the two positions.

import type { Graph, GraphNode } from '../graph/types.ts';
import { resolve, type TermAxis } from './axis.ts';
import { type AxisStore, stateEquations } from './equations.ts';
import type { Inference } from './fold.ts';
import type { Grouping } from './groups.ts';
import { Terms } from './terms.ts';
import type { CouplingStep, Group, Member } from './types.ts';

/** One position along one axis of a value or constant. */
interface Place {
  readonly name: string;
  readonly axis: number;
  readonly position: number;
}

/** The first position of a member that goes with a unit. */
const placeOf = ({ tensor, axis, unitOf }: Member, unit: number): Place => ({
  name: tensor,
  axis,
  position: unitOf.indexOf(unit),
});

/** Two members that share a unit. */
interface Link {
  readonly from: Member;
  readonly to: Member;
  readonly unit: number;
}

const keyOf = ({ name, axis, position }: Place): string => `${axis}:${position}:${name}`;

export class Explainer {
  private readonly graph: Graph;
  private readonly inference: Inference;
  private readonly axesOf: (name: string) => readonly TermAxis[];
  private readonly grouping: Grouping;
  private readonly local = new Map<number, LocalCoupling>();
  private touching: ReadonlyMap<string, readonly GraphNode[]> | undefined;

  constructor(
    graph: Graph,
    inference: Inference,
    axesOf: (name: string) => readonly TermAxis[],
    grouping: Grouping,
  ) {
    this.graph = graph;
    this.inference = inference;
    this.axesOf = axesOf;
    this.grouping = grouping;
  }

  /**
   * The steps from one member to another. Members that share no unit are joined over others that do: at each of those
   * the path goes on from another channel of the same layer.
   */
  path(group: Group, from: Member, to: Member): CouplingStep[] {
    const steps: CouplingStep[] = [];
    let last: Link | undefined;
    for (const link of linksBetween(group, from, to)) {
      if (last) steps.push(this.sameLayer(link.from, last.unit, link.unit));
      steps.push(...this.withinUnit(group, link));
      last = link;
    }
    return steps;
  }

  private sameLayer(member: Member, before: number, after: number): CouplingStep {
    const { tensor } = member;
    const node = this.graph.nodes.find(({ id }) => id === member.node);
    const [here, there] = [before, after].map((unit) => this.tell(placeOf(member, unit)));
    const sentence = `${here} and ${there} are channels of one layer.`;
    return { node: node?.name ?? tensor, op: node?.op ?? '', sentence, value: tensor };
  }

  /** Breadth-first over the places that go with one unit. */
  private withinUnit(group: Group, { from, to, unit }: Link): CouplingStep[] {
    const index = this.grouping.groups.indexOf(group);
    const goes = ({ name, axis, position }: Place): boolean => {
      const resolved = this.axesOf(name)[axis];
      return this.grouping
        .slots(resolved)
        .some((slot) => slot.group === index && slot.unitOf[position] === unit);
    };
    const start = placeOf(from, unit);
    const cameFrom = new Map<string, { place: Place; node: GraphNode } | undefined>([
      [keyOf(start), undefined],
    ]);
    const queue: Place[] = [start];
    let end: Place | undefined;
    for (let n = 0; n < queue.length && !end; n++) {
      const place = queue[n];
      for (const node of this.readersAndMaker(place.name))
        for (const next of this.coupling(node).beside(place)) {
          if (cameFrom.has(keyOf(next)) || !goes(next)) continue;
          cameFrom.set(keyOf(next), { place, node });
          queue.push(next);
          if (next.name === to.tensor && next.axis === to.axis) end ??= next;
        }
    }
    const steps: CouplingStep[] = [];
    for (let at = end; at; ) {
      const step = cameFrom.get(keyOf(at));
      if (!step) break;
      steps.unshift(this.stepOf(step.node, step.place, at));
      at = step.place;
    }
    return steps;
  }

  private stepOf(node: GraphNode, from: Place, to: Place): CouplingStep {
    const coupling = this.inference.bound(node.id)?.operator.coupling ?? 'passes its channels on';
    const sentence = `"${node.name}" (${node.op}) ${coupling}: ${this.tell(from)} goes with ${this.tell(to)}.`;
    return { node: node.name, op: node.op, sentence, value: to.name };
  }

  private tell({ name, axis, position }: Place): string {
    const constant = this.graph.tensors.get(name);
    if (constant?.dims.length === 1) return `element ${position} of "${name}"`;
    return constant
      ? `position ${position} on axis ${axis} of "${name}"`
      : `channel ${position} of "${name}"`;
  }

  private coupling(node: GraphNode): LocalCoupling {
    const known = this.local.get(node.id);
    if (known) return known;
    const fresh = new LocalCoupling(node, this.inference);
    this.local.set(node.id, fresh);
    return fresh;
  }

  private readersAndMaker(name: string): readonly GraphNode[] {
    if (!this.touching) {
      const touching = new Map<string, GraphNode[]>();
      for (const node of this.graph.nodes)
        for (const value of new Set([...node.inputs, ...node.outputs])) {
          const list = touching.get(value);
          if (list) list.push(node);
          else touching.set(value, [node]);
        }
      this.touching = touching;
    }
    return this.touching.get(name) ?? [];
  }
}

/** A unit that both members touch. */
function sharedUnit(a: Member, b: Member): number | undefined {
  const units = new Set(a.unitOf);
  return b.unitOf.find((unit) => unit >= 0 && units.has(unit));
}

/** The fewest links that lead from one member to the other; none where nothing does. */
function linksBetween(group: Group, from: Member, to: Member): Link[] {
  const arrivals = new Map<Member, Link | undefined>([[from, undefined]]);
  const queue = [from];
  for (let n = 0; n < queue.length && !arrivals.has(to); n++)
    for (const next of [to, ...group.members]) {
      const unit = arrivals.has(next) ? undefined : sharedUnit(queue[n], next);
      if (unit === undefined) continue;
      arrivals.set(next, { from: queue[n], to: next, unit });
      queue.push(next);
    }
  const links: Link[] = [];
  for (let link = arrivals.get(to); link; link = arrivals.get(link.from)) links.unshift(link);
  return links;
}

/** What one operator ties, seen by itself: the places of its inputs and outputs that share an atom. */
class LocalCoupling implements AxisStore {
  readonly terms = new Terms();
  private readonly axes = new Map<string, readonly TermAxis[]>();
  private readonly inference: Inference;
  private readonly places = new Map<number, Place[]>();

  constructor(node: GraphNode, inference: Inference) {
    this.inference = inference;
    const bound = inference.bound(node.id);
    if (!bound) return;
    for (const name of node.inputs) if (name !== '') this.axesOf(name);
    stateEquations(bound, this, inference);
    this.terms.atoms.settle();
    for (const [name, axes] of this.axes)
      axes.forEach((axis, a) => {
        this.terms.termsOf(resolve(axis)).forEach((term, position) => {
          for (const atom of this.terms.atoms.atomsOf(term)) {
            const list = this.places.get(atom) ?? [];
            this.places.set(atom, list);
            list.push({ name, axis: a, position });
          }
        });
      });
  }

  axesOf(name: string): readonly TermAxis[] {
    const known = this.axes.get(name);
    if (known) return known.map(resolve);
    const dims = this.inference.types.get(name)?.dims ?? [];
    const axes = dims.map((length) => this.terms.open(length));
    this.axes.set(name, axes);
    return axes;
  }

  set(name: string, axes: readonly TermAxis[]): void {
    this.axes.set(name, axes);
  }

  /** Places that share an atom with this one. */
  *beside({ name, axis, position }: Place): Iterable<Place> {
    const own = this.axes.get(name)?.[axis];
    if (!own) return;
    const term = this.terms.termsOf(resolve(own))[position];
    for (const atom of this.terms.atoms.atomsOf(term)) yield* this.places.get(atom) ?? [];
  }
}
