// Numbers as a person reads them on the page.

import { expect, it } from 'vitest';
import { decimal, fixed } from '../../app/text/numbers.ts';

it('writes the marks of an axis with the digits that tell them apart', () => {
  const marks = (step: number) => [0, 1, 2, 3].map((i) => fixed(i * step, step));
  expect(marks(0.025)).toEqual(['0.000', '0.025', '0.050', '0.075']);
  expect(marks(0.5)).toEqual(['0.0', '0.5', '1.0', '1.5']);
  expect(marks(20)).toEqual(['0', '20', '40', '60']);
  expect(marks(1e-5 * 3)).toEqual(['0.00000', '0.00003', '0.00006', '0.00009']);
});

it('writes losses as decimals until they are tiny', () => {
  expect([0, 0.00031, 1.234, 4e-7, Number.NaN].map(decimal)).toEqual([
    '0.00',
    '0.000310',
    '1.23',
    '4.0e-7',
    '–',
  ]);
});
