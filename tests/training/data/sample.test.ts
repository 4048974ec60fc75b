import { describe, expect, it } from 'vitest';
import { sampleDigits } from '../../../src/training/datasets/sample.ts';
import { linearAccuracy } from './softmax-regression.ts';

describe('the sample digits', () => {
  const digits = sampleDigits({ seed: 1, train: 5_000, test: 1_000 });

  it('come by position: any order, any subset, the same pixels', async () => {
    const together = await digits.train.read([3, 17, 4_999]);
    const alone = await digits.train.read([17]);
    expect(together.inputs[0].dims).toEqual([3, 1, 28, 28]);
    expect(together.inputs[0].data.slice(784, 2 * 784)).toEqual(alone.inputs[0].data);
    expect([...together.targets![0].data]).toEqual([3, 7, 9]);
  });

  it('differ between splits, seeds and neighbours', async () => {
    const pixels = async (split: typeof digits.train, position: number) =>
      (await split.read([position])).inputs[0].data;
    const first = await pixels(digits.train, 0);
    expect(await pixels(digits.test, 0)).not.toEqual(first);
    expect(await pixels(digits.validation, 0)).not.toEqual(first);
    expect(await pixels(digits.train, 10)).not.toEqual(first);
    expect(await pixels(sampleDigits({ seed: 2 }).train, 0)).not.toEqual(first);
  });

  it('are grey values from 0 to 1 with some ink in every image', async () => {
    const { inputs } = await digits.test.read(Array.from({ length: 500 }, (_, i) => i));
    const { data } = inputs[0];
    expect(data.every((value) => value >= 0 && value <= 1)).toBe(true);
    for (let i = 0; i < 500; i++)
      expect(Math.max(...data.subarray(i * 784, (i + 1) * 784)), `image ${i}`).toBeGreaterThan(0.4);
  });

  it('are not for a linear classifier, yet no noise either', async () => {
    const accuracy = await linearAccuracy(digits.train, digits.test, { epochs: 10, rate: 0.3 });
    expect(accuracy).toBeLessThan(0.85);
    expect(accuracy).toBeGreaterThan(0.5);
  });
});
