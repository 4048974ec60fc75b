import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], extra: object = {}) => ({
  test: { name, include, environment: 'node' as const, testTimeout: 120_000, ...extra },
});

export default defineConfig({
  test: {
    projects: [
      project('floors', ['tests/floors.test.ts']),
      project('unit', [
        'tests/library.test.ts',
        'tests/{lib,graph,ops,formats,analysis,pruning,execution,training,workbench,worker,cli,app}/**/*.test.ts',
      ]),
      project('conformance', ['tests/conformance/**/*.test.ts']),
      project('browser', ['tests/browser/**/*.test.ts'], {
        fileParallelism: false,
        hookTimeout: 120_000,
        globalSetup: ['tests/browser/serve.ts'],
      }),
    ],
  },
});
