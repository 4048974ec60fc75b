// How a data file is refused: what it is, what is wrong with it, what to do.

import { ModelError } from '../../../lib/errors.ts';

/**
 * A `wrong-data` failure about one file.
 * @param what completes `"<name>" …`: `ends in the middle of its header.`
 */
export const refuse = (name: string, what: string, hint?: string): ModelError =>
  new ModelError({
    code: 'wrong-data',
    where: name,
    message: `"${name}" ${what}`,
    ...(hint ? { hint } : {}),
  });

export const AGAIN = 'Download or copy it again.';
