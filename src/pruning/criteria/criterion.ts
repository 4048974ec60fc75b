// What a criterion is: a function from a group and evidence to one score per unit; the lowest goes first.
// Criteria receive evidence, they never fetch it: each declares what it needs, and the caller provides it.

import type { Member } from '../../analysis/types.ts';
import { isFloat } from '../../graph/tensor.ts';
import type { Tensor } from '../../graph/types.ts';
import { axisSums, type Form } from './axis-sums.ts';
import { type Normalizer, normalizers } from './normalizers.ts';
import { type Reduction, type Row, reductions } from './reductions.ts';

// ---------------------------------------------------------------- evidence

export type EvidenceKind = 'weights' | 'gradients' | 'activations';

/** Gradients of the loss with respect to one constant, in its own element order. */
export interface Gradients {
  /** Mean over the calibration set. */
  readonly mean: Float32Array;
  /** Mean of the squares of each example's gradient: the diagonal of the empirical Fisher matrix. */
  readonly square: Float32Array;
}

export interface Evidence {
  /** A constant of the network. @throws ModelError `unknown-tensor` */
  tensor(name: string): Tensor;
  /** By name of the constant in the graph as analysed. */
  readonly gradients?: ReadonlyMap<string, Gradients>;
  /** Mean |activation| of every output channel of the node that reads a kernel, by name of the kernel. */
  readonly activations?: ReadonlyMap<string, Float32Array>;
}

// ---------------------------------------------------------------- what is scored

/** A member axis as a criterion sees it. */
export interface ScoredMember extends Member {
  /** The operator that reads it. */
  readonly op: string;
  /** All axes of the tensor that belong to any group, this one included. */
  readonly axes: readonly number[];
  /** Position `positions[k]` of the axis belongs to unit `units[k]`. */
  readonly positions: Int32Array;
  readonly units: Int32Array;
}

/** A group to score. Where groups cross, its units are the crossing points (each dim of each head). */
export interface ScoredGroup {
  /** Of the root tensor. */
  readonly name: string;
  readonly units: number;
  /** The kernel axis the group is named after comes first. */
  readonly members: readonly ScoredMember[];
}

export interface CriterionOptions {
  readonly reduction: Reduction;
  readonly normalizer: Normalizer;
  /** For criteria that draw random numbers. */
  readonly seed: number;
}

export interface Criterion {
  /** As written in a recipe: `l2`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly needs: readonly EvidenceKind[];
  /** What it is published with; absent: `mean` and `mean`. */
  readonly defaults?: Partial<Pick<CriterionOptions, 'reduction' | 'normalizer'>>;
  /** One score per unit, the lowest goes first; `undefined` when no member can be scored. */
  readonly score: (
    group: ScoredGroup,
    evidence: Evidence,
    options: CriterionOptions,
  ) => Float64Array | undefined;
}

// ---------------------------------------------------------------- the common way to score

const normsWithoutChannels = new Set(['InstanceNormalization', 'GroupNormalization']);

/** Outputs and inputs of convolutions and linear layers (depthwise ones excepted). */
export const isKernel = (member: ScoredMember): boolean =>
  member.role === 'kernel' && member.side !== 'other' && !member.depthwise;

/** Scales of batch and layer normalisation. */
const isScale = (member: ScoredMember): boolean =>
  member.role === 'norm-scale' && !normsWithoutChannels.has(member.op);

/** What a criterion of weights looks at. */
export const isKernelOrScale = (member: ScoredMember): boolean => isKernel(member) || isScale(member);

export const isBatchNormScale = (member: ScoredMember): boolean =>
  member.role === 'norm-scale' && member.op === 'BatchNormalization';

/**
 * Scores every member that `counts`, one score per position of its axis, adds the positions of a unit up, and reduces
 * and normalises as the options say.
 */
export function scoreMembers(
  group: ScoredGroup,
  evidence: Evidence,
  options: CriterionOptions,
  counts: (member: ScoredMember) => boolean,
  scoreAxis: (member: ScoredMember, tensor: Tensor) => ArrayLike<number> | undefined,
): Float64Array | undefined {
  const rows: Row[] = [];
  for (const member of group.members) {
    if (!counts(member)) continue;
    const tensor = evidence.tensor(member.tensor);
    const scores = isFloat(tensor.dtype) ? scoreAxis(member, tensor) : undefined;
    if (scores) rows.push(rowOf(member, scores, group.units));
  }
  if (rows.length === 0) return undefined;
  return normalizers[options.normalizer](reductions[options.reduction](rows, group.units));
}

const remembered = new WeakMap<Evidence, Map<string, Float64Array[]>>();

/**
 * Sums of f(element) at every position of the member's axis (of the squares where there is no `form`). The tensor is
 * read once for all its axes; the sums are remembered under `purpose` for as long as the evidence lives.
 */
export function sumsAlong(
  evidence: Evidence,
  { tensor: name, axis, axes }: ScoredMember,
  tensor: Tensor,
  purpose: string,
  form?: Form,
): Float64Array {
  const known = remembered.get(evidence) ?? new Map<string, Float64Array[]>();
  remembered.set(evidence, known);
  const key = `${purpose}:${name}`;
  const sums = known.get(key) ?? axisSums(tensor, axes, form);
  known.set(key, sums);
  return sums[axes.indexOf(axis)];
}

function rowOf({ positions, units }: ScoredMember, axis: ArrayLike<number>, count: number): Row {
  const scores = new Float64Array(count);
  const touches = new Uint8Array(count);
  for (let k = 0; k < positions.length; k++) {
    scores[units[k]] += axis[positions[k]];
    touches[units[k]] = 1;
  }
  return { scores, touches };
}
