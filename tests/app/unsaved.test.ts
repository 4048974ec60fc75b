// What leaving a model gives up: what was done to it and is in no file.

import { expect, test } from 'vitest';
import { hasUnsavedWork } from '../../app/log/unsaved.ts';
import { createEngine } from '../../src/workbench/session.ts';
import type { LogEntry, SessionState } from '../../src/workbench/state.ts';
import { smallModel, stepOptions } from '../workbench/small.ts';

test('a cut is unsaved until it is exported, kept in a session file or undone', async () => {
  const engine = createEngine();
  let state: SessionState | undefined;
  await engine.listen((next) => {
    state = next;
  });
  const unsaved = (kept?: LogEntry) => hasUnsavedWork(state?.log ?? [], kept);
  const step = async (verdict: 'accepted' | 'rejected') => {
    await engine.startStep(stepOptions());
    await engine.decideAll(state?.step?.candidates.map(({ id }) => id) ?? [], { verdict });
    await engine.applyStep();
  };
  await engine.open(smallModel());
  expect(unsaved()).toBe(false);
  await step('accepted');
  expect(unsaved()).toBe(true);
  expect(unsaved(state?.log.at(0))).toBe(true);
  expect(unsaved(state?.log.at(-1))).toBe(false);
  await engine.exportModel();
  expect(unsaved()).toBe(false);

  await engine.open(smallModel());
  await step('accepted');
  await engine.goBack(state?.earlier?.at(-1) ?? 0);
  expect(unsaved()).toBe(false);
  await step('rejected');
  expect(unsaved()).toBe(false);
});
