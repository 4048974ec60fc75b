// Sparse training: while the network learns, the weights of whole channels are pulled towards zero, so that a later cut
// takes little away. The pull on a weight is its own value times a strength per unit of its groups (the gradient of a
// squared group norm), or its sign (the gradient of an absolute value). Units and members come from the analysis.

import type * as Tf from '@tensorflow/tfjs';
import type { Analysis, Group, Member } from '../analysis/types.ts';
import type { Parameter } from '../execution/types.ts';
import { isFloat } from '../graph/tensor.ts';
import type { Graph } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import { axisSums } from '../pruning/criteria/axis-sums.ts';
import type { Penalty } from './types.ts';

export const penaltyNames = ['bn-scale', 'group-lasso', 'growing'] as const;
export type PenaltyName = (typeof penaltyNames)[number];

export interface PenaltyOptions {
  readonly name: PenaltyName;
  /** Of the pull, beside the loss. */
  readonly strength: number;
  /** `group-lasso`: the weakest unit is pulled 2^emphasis times as hard as the strongest. Default 4. */
  readonly emphasis?: number;
  /** `growing`: what the weakest unit's strength gains with every epoch. Default: `strength`. */
  readonly growth?: number;
  /** Batches between two looks at the weights. Default 20. */
  readonly every?: number;
}

/** A name as a person wrote it. @throws ModelError `unknown-penalty` */
export function penaltyNamed(written: string): PenaltyName {
  const found = penaltyNames.find((name) => name === written);
  if (found) return found;
  throw new ModelError({
    code: 'unknown-penalty',
    where: written,
    message: `There is no penalty called "${written}".`,
    hint: `Choose one of ${penaltyNames.join(', ')}.`,
  });
}

/**
 * What pulls whole units towards zero while a network trains; a network without groups is pulled nowhere.
 * - `bn-scale`: the scales of batch normalisations, by their sign (Liu et al., "Network Slimming", ICCV 2017);
 * - `group-lasso`: all weights of a unit, the weaker it is the harder (Fang et al., "DepGraph", CVPR 2023, eq. 6);
 * - `growing`: the same, harder with every epoch (Wang et al., "Neural Pruning via Growing Regularization", ICLR 2021).
 */
export function penaltyOf(analysis: Analysis, options: PenaltyOptions): Penalty {
  const { name } = options;
  switch (name) {
    case 'bn-scale':
      return scalePenalty(analysis, options);
    case 'group-lasso':
      return new GroupPenalty(analysis, options, (norms, strengths) => {
        // Fang et al., "DepGraph", CVPR 2023, eq. 6.
        const emphasis = options.emphasis ?? 4;
        weaknesses(norms).forEach((weakness, unit) => {
          strengths[unit] = options.strength * 2 ** (emphasis * weakness);
        });
      });
    case 'growing':
      return new GroupPenalty(analysis, options, (norms, strengths, epochs) => {
        // Wang et al., "Neural Pruning via Growing Regularization", ICLR 2021.
        const growth = (options.growth ?? options.strength) * epochs;
        weaknesses(norms).forEach((weakness, unit) => {
          strengths[unit] += growth * weakness;
        });
      });
  }
}

/** 0 for the strongest unit, 1 for the weakest. */
function weaknesses(norms: Float64Array): Float64Array {
  const most = norms.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const least = norms.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return norms.map((norm) => (most > least ? (most - norm) / (most - least) : 0));
}

/** Σ |γ| over the scales of batch normalisations (Liu et al., "Network Slimming", ICCV 2017). */
function scalePenalty({ groups, graph }: Analysis, { strength, every = 20 }: PenaltyOptions): Penalty {
  const op = new Map(graph.nodes.map((node) => [node.id, node.op] as const));
  const scales = new Set(
    groups
      .flatMap(({ members }) => members)
      .filter(({ role, node }) => role === 'norm-scale' && op.get(node) === 'BatchNormalization')
      .map(({ tensor }) => tensor),
  );
  return {
    name: 'bn-scale',
    every,
    look: () => {},
    gradient: ({ name, variable }, tf) =>
      scales.has(name) ? tf.mul(tf.sign(variable), strength) : undefined,
    save: () => new Float32Array(),
    restore: () => {},
  };
}

/** Sets the strengths of one group's units, from their norms and what the strengths were. */
type Strengthen = (norms: Float64Array, strengths: Float32Array, epochs: number) => void;

class GroupPenalty implements Penalty {
  readonly name: string;
  readonly every: number;
  private readonly groups: readonly Group[];
  private readonly strengths: readonly Float32Array[];
  private readonly strengthen: Strengthen;
  /** Pulls by name of the constant: along which axis, how strongly at each position. */
  private pulls = new Map<string, { axis: number; strengths: Float32Array }[]>();

  constructor({ groups }: Analysis, { name, strength, every = 20 }: PenaltyOptions, strengthen: Strengthen) {
    this.name = name;
    this.every = every;
    this.groups = groups;
    this.strengths = groups.map(({ units }) => new Float32Array(units).fill(strength));
    this.strengthen = strengthen;
    this.spread();
  }

  look(graph: Graph, epochs: number): void {
    this.groups.forEach((group, i) => {
      this.strengthen(unitNorms(graph, group), this.strengths[i], epochs);
    });
    this.spread();
  }

  gradient({ name, variable, order }: Parameter, tf: typeof Tf): Tf.Tensor | undefined {
    const pulls = this.pulls.get(name);
    if (!pulls) return undefined;
    const along = pulls.map(({ axis, strengths }) => {
      const shape = order.map((stated) => (stated === axis ? strengths.length : 1));
      return tf.tensor(strengths, shape);
    });
    return tf.mul(
      variable,
      along.reduce((sum, one) => tf.add(sum, one)),
    );
  }

  /** From units to the positions of every member. */
  private spread(): void {
    this.pulls = new Map();
    this.groups.forEach(({ members }, i) => {
      for (const { tensor, axis, unitOf } of members.filter(isPulled)) {
        const pulls = this.pulls.get(tensor) ?? [];
        this.pulls.set(tensor, pulls);
        pulls.push({
          axis,
          strengths: Float32Array.from(unitOf, (unit) => (unit < 0 ? 0 : this.strengths[i][unit])),
        });
      }
    });
  }

  save(): Float32Array {
    return Float32Array.from(this.strengths.flatMap((strengths) => [...strengths]));
  }

  restore(saved: Float32Array): void {
    let at = 0;
    for (const strengths of this.strengths) {
      strengths.set(saved.subarray(at, at + strengths.length));
      at += strengths.length;
    }
    this.spread();
  }
}

const isPulled = ({ role }: Member): boolean => role === 'kernel' || role === 'norm-scale';

/** Norm of all weights that go with each unit. */
function unitNorms(graph: Graph, { units, members }: Group): Float64Array {
  const squares = new Float64Array(units);
  for (const { tensor: name, axis, unitOf } of members.filter(isPulled)) {
    const tensor = graph.tensors.get(name);
    if (!tensor || !isFloat(tensor.dtype)) continue;
    const [sums] = axisSums(tensor, [axis]);
    unitOf.forEach((unit, position) => {
      if (unit >= 0) squares[unit] += sums[position];
    });
  }
  return squares.map(Math.sqrt);
}
