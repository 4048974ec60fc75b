// The opened model beside the present one, figure by figure.

import { ArrowRight } from 'lucide-react';
import { useMemo } from 'react';
import type { CostPoint, LogEntry } from '../../src/workbench/engine.ts';
import { accuracy, bytes, change, compact } from '../text/numbers.ts';
import { type Comparison, comparisons } from './series.ts';

interface ComparisonsProps {
  readonly costs: readonly CostPoint[];
  readonly log: readonly LogEntry[];
}

const formats: Record<Comparison['name'], (value: number) => string> = {
  Parameters: compact,
  MACs: compact,
  File: bytes,
  Accuracy: accuracy,
};

export function Comparisons({ costs, log }: ComparisonsProps) {
  const rows = useMemo(() => comparisons(costs, log), [costs, log]);
  return (
    <dl className="comparisons figure">
      {rows.map((row) => (
        <div key={row.name} className="comparison">
          <dt>{row.name}</dt>
          <dd>
            {formats[row.name](row.before)}
            {row.before !== row.now && (
              <>
                <ArrowRight aria-label="to" size={12} />
                <b>{formats[row.name](row.now)}</b>
                <span className={toneOf(row)}>{changeOf(row)}</span>
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Accuracy moves by points, sizes by shares. */
function changeOf({ name, before, now }: Comparison): string {
  if (name !== 'Accuracy') return change(before, now);
  const points = (now - before) * 100;
  return `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)} points`;
}

function toneOf({ name, before, now }: Comparison): string {
  const isBetter = name === 'Accuracy' ? now >= before : now <= before;
  return isBetter ? 'change better' : 'change worse';
}
