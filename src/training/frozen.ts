// Which weights a pass leaves as they are.

import { wiringOf } from '../graph/query.ts';
import type { Graph } from '../graph/types.ts';

/**
 * Constants named by patterns: a constant's own name, or the name of a node that reads it; `*` stands for anything.
 * Freezing a normalisation freezes its running statistics too.
 */
export function constantsMatching(graph: Graph, patterns: readonly string[]): Set<string> {
  if (patterns.length === 0) return new Set();
  const tests = patterns.map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .split('*')
          .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
          .join('.*')}$`,
      ),
  );
  const matches = (name: string) => tests.some((test) => test.test(name));
  const { consumers } = wiringOf(graph);
  return new Set(
    [...graph.tensors.keys()].filter(
      (name) => matches(name) || consumers(name).some((node) => matches(node.name)),
    ),
  );
}
