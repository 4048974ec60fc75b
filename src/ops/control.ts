// If, Loop and Scan: known by name so that the reason they are frozen can be told. What they read and make stays as it
// is. A branch that sizes decide has taken its node's place before anyone asks here (analysis/branches.ts).

import { ModelError } from '../lib/errors.ts';
import { type NodeView, noMacs, noResize, notFolded, noWeights, type Operator, operator } from './op.ts';
import { unsupported } from './refusal.ts';

const NOT_FOLLOWED = 'control flow is not followed';

/** @throws ModelError `control-flow` always: only the declared types of its outputs are known */
function unfollowed({ node }: NodeView<unknown>): never {
  throw new ModelError({
    code: 'control-flow',
    where: node.name,
    message:
      node.op === 'If'
        ? `"${node.name}" (If) takes a branch that only its input decides; neither is followed.`
        : `"${node.name}" (${node.op}) is control flow, which is not followed.`,
    hint: 'What it reads and makes keeps its channels; the rest can be pruned.',
  });
}

const controlFlow = (name: string): Operator =>
  operator({
    name,
    attrs: {},
    coupling: 'chooses or repeats a graph of its own',
    shape: unfollowed,
    fold: notFolded,
    terms: (eq) => {
      for (let i = 0; i < eq.inputs; i++)
        if (eq.has(i)) for (const axis of eq.axes(i)) eq.fix(axis, NOT_FOLLOWED);
      for (let o = 0; o < eq.outputs; o++)
        eq.out(
          o,
          eq.outShape(o).map((length) => eq.fixed(length, NOT_FOLLOWED)),
        );
    },
    resize: noResize,
    weights: noWeights,
    layout: 'logical',
    run: (view) => {
      throw unsupported(view, 'is control flow');
    },
    macs: noMacs,
  });

export const control: readonly Operator[] = ['If', 'Loop', 'Scan'].map(controlFlow);
