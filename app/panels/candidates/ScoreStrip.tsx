// The scores of a group's units, lowest first; those proposed to go stand out.

import { useMemo } from 'react';
import { decimal } from '../../text/numbers.ts';

interface ScoreStripProps {
  readonly scores: readonly number[];
  readonly remove: readonly number[];
}

const height = 100;

export function ScoreStrip({ scores, remove }: ScoreStripProps) {
  const { going, staying, low, high } = useMemo(() => bars(scores, remove), [scores, remove]);
  if (scores.length === 0) return <p className="candidate-alike">This criterion gives no scores to show.</p>;
  return (
    <figure className="strip">
      <svg
        viewBox={`0 0 ${scores.length} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Scores of ${scores.length} units from ${decimal(low)} to ${decimal(high)}; ${remove.length} would go`}
      >
        <path d={staying} className="strip-stays" />
        <path d={going} className="strip-goes" />
      </svg>
      <figcaption className="figure">
        <span>
          <i className="strip-key goes" /> goes
        </span>
        <span>
          <i className="strip-key stays" /> stays
        </span>
        <span className="strip-range">
          score {decimal(low)} to {decimal(high)}
        </span>
      </figcaption>
    </figure>
  );
}

function bars(scores: readonly number[], remove: readonly number[]) {
  const goes = new Set(remove);
  const order = scores.map((_, unit) => unit).sort((a, b) => scores[a] - scores[b]);
  const low = scores[order[0]] ?? 0;
  const high = scores[order[order.length - 1]] ?? 0;
  const floor = Math.min(0, low);
  const scale = high > floor ? (height - 4) / (high - floor) : 0;
  const paths = { going: '', staying: '' };
  const gap = scores.length > 150 ? 0 : 0.22;
  for (const [at, unit] of order.entries()) {
    const tall = 4 + (scores[unit] - floor) * scale;
    const bar = `M${at + gap / 2} ${height}h${1 - gap}v${-tall.toFixed(2)}h${gap - 1}z`;
    if (goes.has(unit)) paths.going += bar;
    else paths.staying += bar;
  }
  return { ...paths, low, high };
}
