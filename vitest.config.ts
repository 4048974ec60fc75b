import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], extra: object = {}) => ({
  test: { name, include, environment: 'node' as const, testTimeout: 120_000, ...extra },
});

export default defineConfig({
  test: {
    maxWorkers: availableParallelism(),
    projects: [
      project('floors', ['tests/floors.test.ts']),
      project('unit', [
        'tests/{library,package}.test.ts',
        'tests/{lib,graph,ops,formats,analysis,pruning,execution,training,workbench,worker,cli,app}/**/*.test.ts',
      ]),
      project('conformance', ['tests/conformance/**/*.test.ts']),
      project('browser', ['tests/browser/**/*.test.ts'], {
        // Much of a walk through the page is waiting; more Chromiums with software graphics would be in each other's way.
        maxWorkers: 2,
        sequence: { groupOrder: 1 },
        hookTimeout: 120_000,
        globalSetup: ['tests/browser/serve.ts'],
      }),
    ],
  },
});
