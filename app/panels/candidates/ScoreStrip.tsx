// The scores of a group's units, lowest first; those proposed to go stand out, those rejected before stand back.

import { useMemo } from 'react';
import { decimal } from '../../text/numbers.ts';

interface ScoreStripProps {
  readonly scores: readonly number[];
  readonly remove: readonly number[];
  /** Units rejected before. */
  readonly rejected?: readonly number[] | undefined;
}

const none: readonly number[] = [];

const height = 100;

export function ScoreStrip({ scores, remove, rejected = none }: ScoreStripProps) {
  const { paths, low, high } = useMemo(() => bars(scores, remove, rejected), [scores, remove, rejected]);
  if (scores.length === 0) return <p className="candidate-alike">This criterion gives no scores to show.</p>;
  return (
    <figure className="strip">
      <svg
        viewBox={`0 0 ${scores.length} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Scores of ${scores.length} units from ${decimal(low)} to ${decimal(high)}; ${remove.length} would go`}
      >
        <path d={paths.stays} className="strip-stays" />
        <path d={paths.rejected} className="strip-rejected" />
        <path d={paths.goes} className="strip-goes" />
      </svg>
      <figcaption className="figure">
        <span>
          <i className="strip-key goes" /> goes
        </span>
        <span>
          <i className="strip-key stays" /> stays
        </span>
        {paths.rejected && (
          <span>
            <i className="strip-key rejected" /> rejected before
          </span>
        )}
        <span className="strip-range">
          score {decimal(low)} to {decimal(high)}
        </span>
      </figcaption>
    </figure>
  );
}

function bars(scores: readonly number[], remove: readonly number[], rejected: readonly number[]) {
  const kinds = new Map<number, 'rejected' | 'goes'>([
    ...rejected.map((unit) => [unit, 'rejected'] as const),
    ...remove.map((unit) => [unit, 'goes'] as const),
  ]);
  const order = scores.map((_, unit) => unit).sort((a, b) => scores[a] - scores[b]);
  const low = scores[order[0]] ?? 0;
  const high = scores[order[order.length - 1]] ?? 0;
  const floor = Math.min(0, low);
  const scale = high > floor ? (height - 4) / (high - floor) : 0;
  const paths = { goes: '', stays: '', rejected: '' };
  const gap = scores.length > 150 ? 0 : 0.22;
  for (const [at, unit] of order.entries()) {
    const tall = 4 + (scores[unit] - floor) * scale;
    paths[kinds.get(unit) ?? 'stays'] +=
      `M${at + gap / 2} ${height}h${1 - gap}v${-tall.toFixed(2)}h${gap - 1}z`;
  }
  return { paths, low, high };
}
