// What is settled whatever the input, done: before a network is looked at, cut, run or written.

import type { Graph } from '../graph/types.ts';
import { followBranches } from './branches.ts';
import { withoutSequences } from './sequences.ts';
import type { Bindings } from './types.ts';

/** The graph with branches followed and lists taken apart as far as sizes decide; the graph itself where they do not. */
export function straighten(graph: Graph, bindings?: Bindings): Graph {
  let [before, present] = [undefined as Graph | undefined, graph];
  // A list may decide a branch, and a branch make a list.
  while (present !== before) {
    before = present;
    present = withoutSequences(followBranches(present, bindings), bindings);
  }
  return present;
}
