// Timing and printing for benches. Figures are medians of several runs in one process; what counts are the ratios.

/** Median milliseconds of `runs` calls, after `warmUp` that are not counted. */
export function median(work: () => unknown, runs = 7, warmUp = 1): number {
  for (let i = 0; i < warmUp; i++) work();
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)];
}

export const ms = (value: number | undefined): string =>
  value === undefined ? '' : `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;

export const times = (ratio: number | undefined): string =>
  ratio === undefined ? '' : `${ratio < 10 ? ratio.toFixed(1) : ratio.toFixed(0)}x`;

/** Prints a title, a head and rows as they come, in columns of fixed width. */
export class Table {
  private readonly widths: readonly number[];

  constructor(title: string, head: readonly string[], first = 30) {
    this.widths = head.map((cell, i) => Math.max(i === 0 ? first : 12, cell.length));
    console.log(`\n${title}\n`);
    this.row(head);
    this.row(this.widths.map((width) => '─'.repeat(width)));
  }

  row(cells: readonly string[]): void {
    const line = cells.map((cell, i) =>
      i === 0 ? cell.padEnd(this.widths[i]) : cell.padStart(this.widths[i]),
    );
    console.log(line.join('  ').trimEnd());
  }
}
