// What a person is told of failures that nobody wrote a sentence for.

import { expect, test } from 'vitest';
import { problemOf } from '../../src/lib/errors.ts';

test.each([
  'Failed to fetch dynamically imported module: http://127.0.0.1/assets/dist.js',
  'Failed to fetch',
  'error loading dynamically imported module: http://127.0.0.1/assets/dist.js',
  'NetworkError when attempting to fetch resource.',
  'Importing a module script failed.',
  'Load failed',
])('%s', (message) => {
  const { code, hint } = problemOf(new TypeError(message));
  expect(code).toBe('unreachable');
  expect(hint).toMatch(/connection/);
});

test('a mistake in the program is no lost connection', () => {
  expect(problemOf(new TypeError('undefined is not a function'))).toMatchObject({
    code: 'internal',
    message: 'undefined is not a function',
  });
});
