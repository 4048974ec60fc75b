// The figures of the model: what stands under "opened" is of the model as it was opened.

import { expect, test } from 'vitest';
import { rowsOf } from '../../app/panels/model/Figures.tsx';
import { createEngine } from '../../src/workbench/session.ts';
import type { SessionState } from '../../src/workbench/state.ts';
import { smallData, smallModel, stepOptions } from '../workbench/small.ts';

test.each([true, false])('an accuracy that was measured before the first cut: %j', async (measured) => {
  const engine = createEngine();
  let state: SessionState | undefined;
  await engine.listen((next) => {
    state = next;
  });
  await engine.open(smallModel());
  await engine.openData(smallData());
  if (measured) await engine.evaluate('cpu');
  await engine.startStep(stepOptions());
  await engine.decideAll(state?.step?.candidates.map(({ id }) => id) ?? [], { verdict: 'accepted' });
  await engine.applyStep();
  await engine.evaluate('cpu');
  if (!state?.model) throw new Error('The model is open.');
  const row = rowsOf(state.model, state.costs, state.log).find(({ name }) => name === 'Accuracy');
  expect(row?.opened).toMatch(measured ? /%$/ : /^–$/);
  expect(row?.now).toMatch(/%$/);
  if (!measured) expect(row?.change).toBe('');
});
