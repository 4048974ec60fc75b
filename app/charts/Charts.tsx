// The figures as they move: how large the model is after each step, how training goes, and what has come of it all.

import { ChartLine } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { CostPoint, LogEntry, TrainingPoint } from '../../src/workbench/engine.ts';
import { accuracy, compact, decimal, fixed, percent, plural, thinSpace } from '../text/numbers.ts';
import { Empty } from '../widgets/Empty.tsx';
import { Scroller } from '../widgets/Scroller.tsx';
import { Comparisons } from './Comparisons.tsx';
import { type Line, Plot, type Range, type Token } from './Plot.tsx';
import {
  type Curve,
  costColumns,
  curveOf,
  emptySteps,
  type Mark,
  positionOf,
  type Table,
  trainingMarks,
} from './series.ts';
import { CostTable, EpochTable } from './Tables.tsx';
import { useCalm } from './use-calm.ts';
import './charts.css';

export interface ChartsProps {
  readonly costs: readonly CostPoint[];
  readonly curve: readonly TrainingPoint[];
  readonly log: readonly LogEntry[];
}

export function Charts({ costs, curve: fresh, log }: ChartsProps) {
  const [range, setRange] = useState<Range>();
  const curve = useCalm(fresh, fresh.length > 4000 ? 250 : 60);
  const marks = useMemo(() => trainingMarks(log), [log]);
  const breaks = useMemo(() => marks.filter(({ kind }) => kind !== 'skipped').map(({ at }) => at), [marks]);
  const empty = useMemo(() => emptySteps(log), [log]);
  const loss = useMemo(() => curveOf(curve, 'loss', breaks), [curve, breaks]);
  const right = useMemo(() => curveOf(curve, 'accuracy', breaks), [curve, breaks]);
  if (costs.length === 0)
    return (
      <Empty icon={ChartLine} title="Nothing to draw yet">
        Parameters and MACs after each step, loss and accuracy while training: they appear here as they
        happen.
      </Empty>
    );
  const shared = { marks, log, range, onRange: setRange };
  const hasAccuracy = right.latest !== undefined || right.validation !== undefined;
  return (
    <Scroller className="charts">
      <Comparisons costs={costs} log={log} />
      <div className="charts-row">
        <SizeChart costs={costs} marks={empty} />
        <CurveChart title="Loss" curve={loss} format={decimal} {...shared} />
        {(hasAccuracy || curve.length === 0) && (
          <CurveChart title="Accuracy" curve={right} format={accuracy} {...shared} />
        )}
      </div>
      <CostTable costs={costs} />
      <EpochTable curve={curve} />
    </Scroller>
  );
}

// ---------------------------------------------------------------- size

const sizeLines: readonly Line[] = [
  { label: 'Parameters', colour: 'cool', dotted: true },
  { label: 'MACs', colour: 'violet', dotted: true },
  { label: 'Sparsity', colour: 'cut', dash: [4, 4], width: 1.25, dotted: true },
];

function SizeChart({
  costs,
  marks,
}: {
  readonly costs: readonly CostPoint[];
  readonly marks: readonly Mark[];
}) {
  const [pointed, setPointed] = useState<number>();
  const columns = useMemo(() => costColumns(costs), [costs]);
  const last = costs[costs.length - 1];
  const at = costs.find(({ step }) => step === pointed) ?? last;
  const [params, macs] = [last.params / costs[0].params, last.macs / (costs[0].macs || 1)];
  const label = `Size after each step: ${plural(costs.length - 1, 'step')}, parameters at ${percent(params)} and MACs at ${percent(macs)} of the opened model.`;
  return (
    <figure className="chart size">
      <Head title="Size" at={at.step === 0 ? 'as opened' : `step ${at.step}, % of opened`}>
        <Value colour="cool" name="Params" text={compact(at.params)} />
        <Value colour="violet" name="MACs" text={compact(at.macs)} />
        <Value colour="cut" name="Sparsity" text={percent(at.sparsity)} />
      </Head>
      <div className="chart-body" role="img" aria-label={label}>
        <Plot
          columns={columns}
          lines={sizeLines}
          marks={marks}
          formatX={(x) => (Number.isInteger(x) ? (x === 0 ? 'opened' : String(x)) : '')}
          formatY={(y, step) => `${fixed(y * 100, step * 100)}${thinSpace}%`}
          rangeY={[0, 1.04]}
          whole
          onCursor={setPointed}
        />
      </div>
    </figure>
  );
}

// ---------------------------------------------------------------- curves

const curveLines: readonly Line[] = [
  { label: 'Each batch', colour: 'accent', width: 1, opacity: 0.28 },
  { label: 'Trend', colour: 'accent', width: 2 },
  { label: 'Held out', colour: 'violet', width: 1.25, dotted: true, joined: true },
];

interface CurveChartProps {
  readonly title: 'Loss' | 'Accuracy';
  readonly curve: Curve;
  readonly marks: readonly Mark[];
  readonly log: readonly LogEntry[];
  readonly format: (value: number) => string;
  readonly range: Range | undefined;
  readonly onRange: (range: Range | undefined) => void;
}

function CurveChart({ title, curve, marks, log, format, range, onRange }: CurveChartProps) {
  const [pointed, setPointed] = useState<number>();
  const { columns } = curve;
  const batches = columns[0].length;
  const shown = pointed === undefined ? batches - 1 : positionOf(columns[0], pointed);
  const text = (value = Number.NaN) => (Number.isNaN(value) ? '–' : format(value));
  return (
    <figure className="chart">
      <Head title={title} at={batches > 0 ? `batch ${compact(columns[0][shown] ?? 0)}` : undefined}>
        {batches > 0 && (
          <>
            <Value colour="accent" name="Training" text={text(columns[2][shown])} />
            <Value colour="violet" name="Held out" text={text(lastUpTo(columns, shown))} />
          </>
        )}
      </Head>
      <div className="chart-body" role="img" aria-label={sentence(title, curve, marks, text)}>
        {batches === 0 ? (
          <Empty icon={ChartLine} title="No training yet">
            {waiting(log)}
          </Empty>
        ) : (
          <Plot
            columns={columns}
            lines={curveLines}
            marks={marks}
            formatX={compact}
            formatY={(y, step) =>
              title === 'Accuracy' ? `${fixed(y * 100, step * 100)}${thinSpace}%` : fixed(y, step)
            }
            {...(title === 'Accuracy' ? { mostY: 1 } : {})}
            syncKey="training"
            range={range}
            onRange={onRange}
            onCursor={setPointed}
          />
        )}
      </div>
    </figure>
  );
}

/** The newest held-out value at or before a position. */
function lastUpTo([, , , held]: Table, position: number): number | undefined {
  for (let i = Math.min(position, held.length - 1); i >= 0; i--) if (!Number.isNaN(held[i])) return held[i];
  return undefined;
}

function waiting(log: readonly LogEntry[]): string {
  const skipped = log.filter(({ kind }) => kind === 'training-skipped').length;
  if (skipped > 0) return `${plural(skipped, 'pass', 'passes')} skipped, since nothing had been removed.`;
  return 'The curve starts with the first batch.';
}

function sentence(
  title: string,
  { columns, first, latest, validation }: Curve,
  marks: readonly Mark[],
  text: (value: number | undefined) => string,
): string {
  if (columns[0].length === 0) return `${title}: no training yet.`;
  const skipped = marks.filter(({ kind }) => kind === 'skipped').length;
  return [
    `${title} over ${plural(columns[0].length, 'batch', 'batches')}: from ${text(first)} to ${text(latest)}`,
    validation === undefined ? '' : `, ${text(validation)} on held-out examples`,
    skipped > 0 ? `; ${plural(skipped, 'training pass', 'training passes')} skipped` : '',
    '.',
  ].join('');
}

// ---------------------------------------------------------------- heads

interface HeadProps {
  readonly title: string;
  readonly at: string | undefined;
  readonly children: React.ReactNode;
}

function Head({ title, at, children }: HeadProps) {
  return (
    <figcaption className="chart-head figure">
      <span className="chart-title">{title}</span>
      {at && <span className="chart-at">{at}</span>}
      <span className="chart-values">{children}</span>
    </figcaption>
  );
}

function Value({
  colour,
  name,
  text,
}: {
  readonly colour: Token;
  readonly name: string;
  readonly text: string;
}) {
  return (
    <span className="chart-value">
      <i className={`chart-key ${colour}`} />
      {name} <b>{text}</b>
    </span>
  );
}
