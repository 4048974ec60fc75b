// A failure beside answers: whichever comes first, and no answer is held once it was given.

import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/lib/failure.ts';

const never = () => new Promise<never>(() => {});

describe('a failure', () => {
  it('leaves an answer, and an error, that comes before it', async () => {
    const failure = new Failure();
    expect(await failure.beside(Promise.resolve(7))).toBe(7);
    await expect(failure.beside(Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(failure.happened).toBe(false);
  });

  it('ends what is awaited, and what is awaited later; the first one counts', async () => {
    const failure = new Failure();
    const open = failure.beside(never());
    expect(() => failure.assertNot()).not.toThrow();
    failure.happen(new Error('lost'));
    failure.happen(new Error('lost again'));
    await expect(open).rejects.toThrow(/^lost$/);
    await expect(failure.beside(Promise.resolve(7))).rejects.toThrow(/^lost$/);
    expect(() => failure.assertNot()).toThrow(/^lost$/);
    expect(failure.happened).toBe(true);
  });

  it('holds no answer that was given', async () => {
    const failure = new Failure();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const answers = await Promise.all(
      Array.from(
        { length: 8 },
        async () => new WeakRef(await failure.beside(Promise.resolve({ big: true }))),
      ),
    );
    await pause(10);
    collect();
    expect(answers.filter((answer) => answer.deref())).toEqual([]);
    expect(failure.happened).toBe(false);
  });
});
