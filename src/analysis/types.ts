// What analysis tells about a graph: shapes, groups of channels that go together, costs, frozen axes.

import type { Graph } from '../graph/types.ts';
import type { Problem } from '../lib/errors.ts';
import type { HostTensor, NodeView, Operator, ProductKind, Role, ValueType } from '../ops/op.ts';
import type { Reason } from './atoms.ts';

/** Sizes given to symbolic dimensions; the batch is 1, others as the person says. */
export type Bindings = Readonly<Record<string, number>>;

/** One axis of one constant that loses positions when units of a group go. */
export interface Member {
  /** Name of the constant. */
  readonly tensor: string;
  readonly axis: number;
  /** For each position of the axis the group's unit that it goes with, or -1. Members share it: never written to. */
  readonly unitOf: Int32Array;
  /** What the tensor is to the node that reads it. */
  readonly role: Role;
  /** For kernels: whether the axis is the operator's output or input channels. */
  readonly side: 'out' | 'in' | 'other';
  /** Input channels repeated over channel groups: the kernel of a grouped convolution. 1 elsewhere. */
  readonly groups: number;
  readonly depthwise: boolean;
  /** `GraphNode.id` of the reader (of the first one, for tied weights); -1 for none. */
  readonly node: number;
}

/** `channels` are plain; the others are the outer or inner factor of a product (whole heads, dims in each head). */
export type GroupKind =
  | 'channels'
  | ProductKind
  | 'head-dims'
  | 'channels-per-conv-group'
  | 'channels-per-norm-group'
  | 'channels-per-block';

/** Channels that can only be removed together, unit by unit. */
export interface Group {
  /** Stable across surgery: root tensor, axis and kind. */
  readonly id: string;
  readonly kind: GroupKind;
  /** The kernel output axis the group is named after: the first one in topological order. */
  readonly root: { readonly tensor: string; readonly axis: number; readonly node: number };
  /** Number of units; `unitOf` of every member is below it. */
  readonly units: number;
  readonly members: readonly Member[];
  /** Set when some units share positions with other groups as rows or columns: ids of the crossing groups. */
  readonly crosses: readonly string[];
}

/** A kernel output axis that cannot be pruned at all. */
export interface FrozenAxis extends Reason {
  readonly tensor: string;
  readonly axis: number;
  readonly length: number;
}

export interface NodeCost {
  readonly node: number;
  readonly params: number;
  readonly macs: number;
}

/** One step on the way from one member to another. */
export interface CouplingStep {
  /** Name of the operator's node, and a plain sentence on what it does to the channels. */
  readonly node: string;
  readonly op: string;
  readonly sentence: string;
  /** The value on which the step arrives. */
  readonly value: string;
}

/** A set of units to remove, per group id. */
export type Removal = ReadonlyMap<string, ArrayLike<number>>;

export interface Analysis {
  /** What was analysed: branches that are always taken are in place, merged vectors are apart. */
  readonly graph: Graph;
  /** Constants that the given graph has not, and of which of its constants they are copies. */
  readonly copies: ReadonlyMap<string, string>;
  readonly bindings: Bindings;
  readonly problems: readonly Problem[];
  /** Every value and constant whose type is known. */
  readonly types: ReadonlyMap<string, ValueType>;
  /** Values known without running the network. */
  readonly known: ReadonlyMap<string, HostTensor>;
  readonly groups: readonly Group[];
  readonly frozen: readonly FrozenAxis[];
  readonly costs: readonly NodeCost[];
  /** Constants that count as parameters, and how many each of their elements is: levels may be packed. */
  readonly learned: ReadonlyMap<string, number>;
  readonly params: number;
  readonly macs: number;
  /** The operator and view of a node; `undefined` for one we do not know or whose input types are unknown. */
  view(node: number): { readonly operator: Operator; readonly view: NodeView<never> } | undefined;
  /**
   * Surviving positions of every axis of every value and constant that loses some:
   * `kept.get(name)?.[axis]`, `undefined` where all survive.
   */
  kept(removal: Removal): ReadonlyMap<string, readonly (Int32Array | undefined)[]>;
  /** How `group` gets from one of its members to another: operators in order, from unit to unit where they share none. */
  path(group: Group, from: Member, to: Member): readonly CouplingStep[];
  /** Why one axis of a value or constant may not change; `undefined` if it may. */
  whyFrozen(name: string, axis: number): Reason | undefined;
  /** Names of the values (activations) that carry the group's units, for drawing. */
  valuesOf(group: Group): readonly string[];
}
