// Work that tells how far it is: an async generator that yields its progress and returns its result.

/** The result of work that is done to its end; `tell` hears its progress. */
export async function resultOf<P, R>(
  work: AsyncGenerator<P, R, void>,
  tell: (progress: P) => void = () => {},
): Promise<R> {
  for (;;) {
    const { done, value } = await work.next();
    if (done) return value;
    tell(value);
  }
}
