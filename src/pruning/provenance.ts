// Where every surviving channel comes from: its index in the model first opened, across any number of cuts.
// Constants keep a table per axis that lost something; groups keep the original numbers of their units.

import type { Analysis, Group } from '../analysis/types.ts';
import type { Kept } from './gather.ts';

/** A group as it was first: its id then, and the first numbers of the units that are left. */
export interface Origin {
  readonly group: string;
  readonly units: Int32Array;
}

/** As plain data, for a saved session. */
export interface ProvenanceState {
  readonly groups: readonly {
    readonly id: string;
    readonly group: string;
    readonly units: readonly number[];
  }[];
  readonly axes: readonly {
    readonly tensor: string;
    readonly axis: number;
    readonly original: readonly number[];
  }[];
}

type Axes = ReadonlyMap<string, readonly (Int32Array | undefined)[]>;

export class Provenance {
  private readonly groups: ReadonlyMap<string, Origin>;
  private readonly axes: Axes;

  constructor(groups: ReadonlyMap<string, Origin> = new Map(), axes: Axes = new Map()) {
    this.groups = groups;
    this.axes = axes;
  }

  /** A group that no cut has touched is its own origin. */
  originOf({ id, units }: Group): Origin {
    return this.groups.get(id) ?? { group: id, units: counting(units) };
  }

  /** Original index of every position of a constant's axis; `length` is its present one. */
  positions(tensor: string, axis: number, length: number): Int32Array {
    return this.axes.get(tensor)?.[axis] ?? counting(length);
  }

  /** Every axis of a constant that lost something. */
  *changedAxes(): Iterable<{
    readonly tensor: string;
    readonly axis: number;
    readonly original: Int32Array;
  }> {
    for (const [tensor, axes] of this.axes)
      for (let axis = 0; axis < axes.length; axis++) {
        const original = axes[axis];
        if (original) yield { tensor, axis, original };
      }
  }

  /** After a cut: `kept` are the surviving positions by name, `before` and `after` the networks around it. */
  after(before: Analysis, kept: ReadonlyMap<string, Kept>, after: Analysis): Provenance {
    const places = placesOf(before);
    const groups = new Map<string, Origin>();
    for (const group of after.groups) {
      const origin = this.inherited(group, places, kept);
      if (origin) groups.set(group.id, origin);
    }
    return new Provenance(groups, this.narrowed(before, kept));
  }

  /** The group of the former network that a group's units were, through any axis on which both lie. */
  private inherited(group: Group, places: Places, kept: ReadonlyMap<string, Kept>): Origin | undefined {
    for (const { tensor, axis, unitOf } of group.members) {
      const surviving = kept.get(tensor)?.[axis];
      const candidates = places.get(`${tensor}:${axis}`) ?? [];
      for (const { former, unitOf: formerUnitOf } of [...candidates].sort(sameIdFirst(group.id))) {
        const units = new Int32Array(group.units).fill(-1);
        for (let position = 0; position < unitOf.length; position++) {
          const unit = unitOf[position];
          if (unit >= 0) units[unit] = formerUnitOf[surviving?.[position] ?? position];
        }
        if (units.includes(-1) || new Set(units).size < units.length) continue;
        const origin = this.originOf(former);
        return { group: origin.group, units: units.map((unit) => origin.units[unit]) };
      }
    }
    return undefined;
  }

  private narrowed({ graph }: Analysis, kept: ReadonlyMap<string, Kept>): Axes {
    const axes = new Map(this.axes);
    for (const [name, surviving] of kept) {
      const tensor = graph.tensors.get(name);
      if (!tensor) continue;
      axes.set(
        name,
        tensor.dims.map((length, axis) => {
          const positions = surviving[axis];
          const former = this.axes.get(name)?.[axis];
          if (!positions) return former;
          const from = former ?? counting(length);
          return Int32Array.from(positions, (position) => from[position]);
        }),
      );
    }
    return axes;
  }

  save(): ProvenanceState {
    return {
      groups: [...this.groups].map(([id, { group, units }]) => ({ id, group, units: [...units] })),
      axes: [...this.changedAxes()].map(({ tensor, axis, original }) => ({
        tensor,
        axis,
        original: [...original],
      })),
    };
  }

  static restore({ groups, axes }: ProvenanceState): Provenance {
    const byTensor = new Map<string, (Int32Array | undefined)[]>();
    for (const { tensor, axis, original } of axes) {
      const own = byTensor.get(tensor) ?? [];
      byTensor.set(tensor, own);
      own[axis] = Int32Array.from(original);
    }
    const origins = groups.map(
      ({ id, group, units }) => [id, { group, units: Int32Array.from(units) }] as const,
    );
    return new Provenance(new Map(origins), byTensor);
  }
}

type Places = ReadonlyMap<string, readonly { readonly former: Group; readonly unitOf: Int32Array }[]>;

function placesOf({ groups }: Analysis): Places {
  const places = new Map<string, { former: Group; unitOf: Int32Array }[]>();
  for (const former of groups)
    for (const { tensor, axis, unitOf } of former.members) {
      const key = `${tensor}:${axis}`;
      const sharing = places.get(key) ?? [];
      places.set(key, sharing);
      sharing.push({ former, unitOf });
    }
  return places;
}

const sameIdFirst =
  (id: string) =>
  (a: { readonly former: Group }, b: { readonly former: Group }): number =>
    Number(b.former.id === id) - Number(a.former.id === id);

const counting = (length: number): Int32Array => {
  const out = new Int32Array(length);
  for (let i = 0; i < length; i++) out[i] = i;
  return out;
};
