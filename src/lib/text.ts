// Pieces of the sentences that a person reads.

/** A number as a sentence tells it: `1,234`. */
export const counted = (count: number): string => count.toLocaleString('en');

/** A file's name without the folders before it. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
