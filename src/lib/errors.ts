// Failures and findings as plain data, so that they cross the worker boundary unchanged.

/** Something worth telling that did not stop the work. */
export interface Problem {
  /** Stable kebab-case identifier, e.g. `unknown-operator`. */
  readonly code: string;
  /** What it is about: a file, a node, a tensor. */
  readonly where: string;
  /** One sentence for a person. */
  readonly message: string;
  /** What the person can do about it. */
  readonly hint?: string;
}

/** A failure with everything a person needs to act on it. */
export class ModelError extends Error {
  readonly code: string;
  readonly where: string;
  readonly hint: string | undefined;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = 'ModelError';
    this.code = problem.code;
    this.where = problem.where;
    this.hint = problem.hint;
  }

  /** The same failure as data; the worker protocol sends this. */
  toProblem(): Problem {
    const { code, where, message, hint } = this;
    return hint === undefined ? { code, where, message } : { code, where, message, hint };
  }
}

/** What browsers say when a script or a file that is fetched when it is first needed does not come. */
const notFetched =
  /dynamically imported module|module script failed|Failed to fetch|NetworkError|Load failed/;

/** Any thrown thing as a `Problem`; what is neither a `ModelError` nor a lost connection is an `internal` one. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ModelError) return error.toProblem();
  if (error instanceof TypeError && notFetched.test(error.message)) return unreachable;
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', where: 'secateur', message };
}

const unreachable: Problem = {
  code: 'unreachable',
  where: 'secateur',
  message: 'A part of the program could not be fetched.',
  hint: 'Check the connection to where it comes from, then try again. What is open stays as it is.',
};
