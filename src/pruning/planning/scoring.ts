// Scores of a contender, from a criterion that knows nothing of crossing groups. Where groups cross (dims of each
// head, channels of each channel group), the criterion scores the crossing points, and a unit's score is their mean,
// so that the same positions go in each.

import type { Analysis, Group, Member } from '../../analysis/types.ts';
import { ModelError } from '../../lib/errors.ts';
import type {
  Criterion,
  CriterionOptions,
  Evidence,
  ScoredGroup,
  ScoredMember,
} from '../criteria/criterion.ts';
import type { Contender } from './contenders.ts';
import { walkBack } from './order.ts';

/** Scores contenders of one analysis. */
export class Scoring {
  private readonly operators: ReadonlyMap<number, string>;
  private readonly axes = new Map<string, number[]>();
  private readonly byAxis = new Map<string, { readonly group: Group; readonly member: Member }[]>();
  private readonly analysis: Analysis;
  private ranks: ReadonlyMap<number, number> | undefined;

  constructor(analysis: Analysis) {
    this.analysis = analysis;
    this.operators = new Map(analysis.graph.nodes.map(({ id, op }) => [id, op]));
    for (const group of analysis.groups)
      for (const member of group.members) {
        const { tensor, axis } = member;
        const axes = this.axes.get(tensor) ?? [];
        this.axes.set(tensor, axes);
        if (!axes.includes(axis)) axes.push(axis);
        const key = `${tensor}:${axis}`;
        const sharing = this.byAxis.get(key) ?? [];
        this.byAxis.set(key, sharing);
        sharing.push({ group, member });
      }
  }

  /** One score per unit; `undefined` when the criterion has nothing to say. @throws ModelError `bad-criterion` */
  scores(
    contender: Contender,
    criterion: Criterion,
    evidence: Evidence,
    options: CriterionOptions,
  ): Float64Array | undefined {
    const { group, repeats } = this.scored(contender);
    const points = criterion.score(group, evidence, options);
    if (points && points.length !== group.units)
      throw wrongLength(criterion, contender, points.length, group.units);
    return points && repeats > 1 ? meanOver(points, contender.units, repeats) : points;
  }

  /** The contender as a criterion sees it: `repeats` crossing points for each unit, point = repeat · units + unit. */
  scored(contender: Contender): { readonly group: ScoredGroup; readonly repeats: number } {
    const rows = this.rowsOf(contender);
    const crossings = this.crossingsOf(contender, rows);
    const repeats = crossings.reduce((n, { units }) => n * units, 1);
    const members = this.inOrder(contender, rows).map((row) =>
      this.scoredMember(row, contender.units, crossings),
    );
    return {
      group: { name: contender.groups[0].root.tensor, units: contender.units * repeats, members },
      repeats,
    };
  }

  /** A member axis once, with the units of whichever of the contender's groups has them there. */
  private rowsOf(contender: Contender): Row[] {
    const rows = new Map<string, Row>();
    for (const { members } of contender.groups)
      for (const member of members) {
        const key = `${member.tensor}:${member.axis}`;
        const row = rows.get(key);
        if (row) row.slots.push(member.unitOf);
        else rows.set(key, { key, member, slots: [member.unitOf] });
      }
    return [...rows.values()];
  }

  /** The crossing groups on the axis where most of them are: they span the crossing points. */
  private crossingsOf({ groups, kind }: Contender, rows: readonly Row[]): Group[] {
    if (kind === 'channels' || groups.every(({ crosses }) => crosses.length === 0)) return [];
    let widest: Group[] = [];
    let points = 1;
    for (const { key } of rows) {
      const others = this.othersOn(key, groups);
      const size = others.reduce((n, { group }) => n * group.units, 1);
      if (size <= points) continue;
      points = size;
      widest = others.map(({ group }) => group);
    }
    return widest;
  }

  private othersOn(key: string, groups: readonly Group[]) {
    return (this.byAxis.get(key) ?? []).filter(({ group }) => !groups.includes(group));
  }

  private scoredMember(row: Row, units: number, crossings: readonly Group[]): ScoredMember {
    const { member } = row;
    const op = this.operators.get(member.node) ?? '';
    const axes = this.axes.get(member.tensor) ?? [member.axis];
    return new ScoredAxis(member, op, axes, () => this.pointsOf(row, units, crossings));
  }

  private pointsOf({ key, slots }: Row, units: number, crossings: readonly Group[]): Points {
    if (crossings.length === 0) return positionsOf(slots);
    const others = (this.byAxis.get(key) ?? []).filter(({ member }) => !slots.includes(member.unitOf));
    return pointsOf(slots, units, crossings, aligned(crossings, others));
  }

  /**
   * The member that speaks for the group comes first: the layer last in the network (for attention its projection), and
   * right after it the normalisation of its outputs, which speaks where the layer is depthwise and has no score.
   */
  private inOrder({ kind }: Contender, rows: readonly Row[]): Row[] {
    this.ranks ??= walkBack(this.analysis);
    const ranks = this.ranks;
    const rankOf = ({ member }: Row): number => ranks.get(member.node) ?? Number.POSITIVE_INFINITY;
    const least = (candidates: readonly Row[], size: (row: Row) => number): Row | undefined =>
      candidates.reduce<Row | undefined>(
        (best, row) => (best && size(best) <= size(row) ? best : row),
        undefined,
      );
    const side = kind === 'heads' || kind === 'head-dims' ? 'in' : 'out';
    const layer = least(
      rows.filter(({ member }) => member.role === 'kernel' && member.side === side),
      rankOf,
    );
    if (!layer) return [...rows];
    const norm = least(
      rows.filter((row) => row.member.role === 'norm-scale' && rankOf(row) < rankOf(layer)),
      (row) => rankOf(layer) - rankOf(row),
    );
    const first = norm ? [layer, norm] : [layer];
    return [...first, ...rows.filter((row) => !first.includes(row))];
  }
}

interface Row {
  readonly key: string;
  readonly member: Member;
  /** Unit of each position, or -1; several where one axis carries several of the contender's groups. */
  readonly slots: Int32Array[];
}

type Points = Pick<ScoredMember, 'positions' | 'units'>;

/** Lists its positions when a criterion asks for them: of most members none does. */
class ScoredAxis implements ScoredMember {
  readonly tensor: string;
  readonly axis: number;
  readonly unitOf: Int32Array;
  readonly role: Member['role'];
  readonly side: Member['side'];
  readonly groups: number;
  readonly depthwise: boolean;
  readonly node: number;
  readonly op: string;
  readonly axes: readonly number[];
  private readonly list: () => Points;
  private listed: Points | undefined;

  constructor(member: Member, op: string, axes: readonly number[], list: () => Points) {
    this.tensor = member.tensor;
    this.axis = member.axis;
    this.unitOf = member.unitOf;
    this.role = member.role;
    this.side = member.side;
    this.groups = member.groups;
    this.depthwise = member.depthwise;
    this.node = member.node;
    this.op = op;
    this.axes = axes;
    this.list = list;
  }

  get positions(): Int32Array {
    return this.points.positions;
  }
  get units(): Int32Array {
    return this.points.units;
  }

  private get points(): Points {
    this.listed ??= this.list();
    return this.listed;
  }
}

function positionsOf(slots: readonly Int32Array[]): Points {
  const [only] = slots;
  const size = occupied(slots);
  if (slots.length === 1 && size === only.length) return { positions: counting(size), units: only };
  const positions = new Int32Array(size);
  const units = new Int32Array(size);
  let count = 0;
  for (const slot of slots)
    for (let position = 0; position < slot.length; position++) {
      if (slot[position] < 0) continue;
      positions[count] = position;
      units[count++] = slot[position];
    }
  return { positions, units };
}

/** How many positions have a unit. */
function occupied(slots: readonly Int32Array[]): number {
  let count = 0;
  for (const slot of slots)
    for (let position = 0; position < slot.length; position++) if (slot[position] >= 0) count++;
  return count;
}

let numbers = new Int32Array(0);

/** 0, 1, 2, …; views of one array. */
function counting(length: number): Int32Array {
  if (numbers.length < length) {
    numbers = new Int32Array(2 * length);
    for (let i = 0; i < numbers.length; i++) numbers[i] = i;
  }
  return numbers.subarray(0, length);
}

/** For each crossing group its units along this axis; `undefined` where the axis does not tell them apart. */
function aligned(
  crossings: readonly Group[],
  others: readonly { readonly group: Group; readonly member: Member }[],
): (Int32Array | undefined)[] {
  const left = [...others];
  const take = (fits: (group: Group) => boolean): Int32Array | undefined => {
    const at = left.findIndex(({ group }) => fits(group));
    return at < 0 ? undefined : left.splice(at, 1)[0].member.unitOf;
  };
  const same = crossings.map((crossing) => take((group) => group === crossing));
  return same.map((found, i) => found ?? take(({ units }) => units === crossings[i].units));
}

/** Positions by crossing point; one that does not tell a crossing group's units apart counts for all of them. */
function pointsOf(
  slots: readonly Int32Array[],
  units: number,
  crossings: readonly Group[],
  along: readonly (Int32Array | undefined)[],
): Points {
  const everywhere = offsetsOf(units, crossings, along);
  const positions = new Int32Array(occupied(slots) * everywhere.length);
  const points = new Int32Array(positions.length);
  let count = 0;
  for (const slot of slots)
    for (let position = 0; position < slot.length; position++) {
      if (slot[position] < 0) continue;
      let point = slot[position];
      let stride = units;
      for (let i = 0; i < crossings.length; i++) {
        point += stride * Math.max(0, along[i]?.[position] ?? 0);
        stride *= crossings[i].units;
      }
      for (const offset of everywhere) {
        positions[count] = position;
        points[count++] = point + offset;
      }
    }
  return { positions, units: points };
}

function offsetsOf(
  units: number,
  crossings: readonly Group[],
  along: readonly (Int32Array | undefined)[],
): number[] {
  let offsets = [0];
  let stride = units;
  crossings.forEach((crossing, i) => {
    if (!along[i]) {
      const own = stride;
      offsets = offsets.flatMap((offset) =>
        Array.from({ length: crossing.units }, (_, u) => offset + u * own),
      );
    }
    stride *= crossing.units;
  });
  return offsets;
}

function meanOver(points: Float64Array, units: number, repeats: number): Float64Array {
  const out = new Float64Array(units);
  for (let p = 0; p < points.length; p++) out[p % units] += points[p] / repeats;
  return out;
}

const wrongLength = ({ name }: Criterion, { id }: Contender, found: number, wanted: number): ModelError =>
  new ModelError({
    code: 'bad-criterion',
    where: name,
    message: `The criterion "${name}" gave ${found} scores for the ${wanted} units of "${id}".`,
    hint: 'A criterion returns one score per unit of the group.',
  });
