// One chart: uPlot on a canvas that follows its box, the theme and the data. Without a scale of its own it says nothing
// to a screen reader; whoever places it gives it a sentence and a table.

import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { colours, onThemeChange } from '../theme/colours.ts';
import { type Mark, type Table, thin } from './series.ts';

const tokens = [
  'ink',
  'ink-soft',
  'ink-faint',
  'line',
  'surface',
  'accent',
  'cut',
  'cool',
  'violet',
  'wait',
] as const;
export type Token = (typeof tokens)[number];

export interface Line {
  readonly label: string;
  readonly colour: Token;
  readonly width?: number;
  /** 0 to 1. */
  readonly opacity?: number;
  readonly dash?: readonly number[];
  /** Points are drawn even where the line is dense. */
  readonly dotted?: boolean;
  /** Values far apart are joined. */
  readonly joined?: boolean;
}

export type Range = readonly [from: number, to: number];

export interface PlotProps {
  readonly columns: Table;
  readonly lines: readonly Line[];
  readonly marks: readonly Mark[];
  readonly formatX: (x: number) => string;
  /** `step`: between two marks of the axis. */
  readonly formatY: (y: number, step: number) => string;
  readonly rangeY?: readonly [number, number];
  /** No value can lie above it. */
  readonly mostY?: number;
  /** Only whole numbers are marked on the x axis. */
  readonly whole?: boolean;
  /** Charts of one key share the cursor. */
  readonly syncKey?: string;
  /** The stretch of x to show; all where absent. */
  readonly range?: Range | undefined;
  /** A stretch was marked with the pointer, or all is wanted again. */
  readonly onRange?: (range: Range | undefined) => void;
  /** The x under the pointer. */
  readonly onCursor: (x: number | undefined) => void;
}

export function Plot(props: PlotProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const create = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsFor(element, latest), [[]], element);
      show(plot.current, latest.current);
    };
    const observer = new ResizeObserver(
      ([
        {
          contentRect: { width, height },
        },
      ]) => {
        if (width < 40 || height < 40) return;
        if (plot.current) plot.current.setSize({ width, height });
        else create();
      },
    );
    observer.observe(element);
    const stop = onThemeChange(() => plot.current && create());
    return () => {
      stop();
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, []);

  const { columns, range, marks } = props;
  useEffect(() => {
    if (plot.current) show(plot.current, { columns, range, marks });
  }, [columns, range, marks]);

  return <div ref={host} className="plot" />;
}

/** Puts into the chart as many points as can be told apart. */
function show(plot: uPlot, { columns, range }: Pick<PlotProps, 'columns' | 'range' | 'marks'>): void {
  const [xs] = columns;
  const [min, max] = range ?? [xs[0] ?? 0, xs[xs.length - 1] ?? 1];
  plot.batch(() => {
    plot.setData(thin(columns, min, max, Math.max(50, plot.width)), false);
    plot.setScale('x', { min, max });
  });
}

const font = '11px Inter, sans-serif';

function optionsFor(element: HTMLElement, latest: { readonly current: PlotProps }): uPlot.Options {
  const palette = colours(element, tokens);
  const { lines, syncKey, whole, rangeY, mostY, onRange } = latest.current;
  const axis: uPlot.Axis = {
    stroke: palette['ink-faint'],
    font,
    ticks: { show: false },
    grid: { stroke: palette.line, width: 1 },
    border: { show: false },
  };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [14, 12, 0, 0],
    legend: { show: false },
    cursor: {
      ...(syncKey ? { sync: { key: syncKey, setSeries: false } } : {}),
      points: { size: 6, stroke: (self, i) => strokeOf(self, i), fill: () => palette.surface, width: 2 },
      drag: { x: onRange !== undefined, y: false, setScale: false },
      bind: { dblclick: () => () => zoom(latest, undefined) },
      y: false,
    },
    scales: {
      x: {
        time: false,
        range: ({ data: [x] }, min, max) => (x.length < 2 ? [x[0] - 0.5, x[0] + 0.5] : [min, max]),
      },
      y: { range: rangeY ? [...rangeY] : (_, min, max) => padded(min, max, mostY) },
    },
    axes: [
      {
        ...axis,
        size: 26,
        gap: 4,
        space: 56,
        values: (_, splits) => splits.map((x) => latest.current.formatX(x)),
        ...(whole ? { incrs: [1, 2, 5, 10, 20, 50, 100] } : {}),
      },
      {
        ...axis,
        size: 46,
        gap: 6,
        space: 28,
        values: (_, splits, __, ___, step) => splits.map((y) => latest.current.formatY(y, step)),
      },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, palette))],
    hooks: {
      drawAxes: [(self) => drawMarks(self, latest.current.marks, palette)],
      setCursor: [
        ({ cursor: { idx }, data: [xs] }) =>
          latest.current.onCursor(idx === null || idx === undefined ? undefined : xs[idx]),
      ],
      setSelect: [
        (self) => {
          const { left, width } = self.select;
          if (width < 4) return;
          zoom(latest, [self.posToVal(left, 'x'), self.posToVal(left + width, 'x')]);
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** Comes back as `range` if whoever placed the chart agrees. */
function zoom(latest: { readonly current: PlotProps }, range: Range | undefined): null {
  latest.current.onRange?.(range);
  return null;
}

const strokeOf = (plot: uPlot, series: number): string => {
  const { stroke } = plot.series[series];
  return typeof stroke === 'function' ? String(stroke(plot, series)) : String(stroke);
};

/** A flat curve stands in the middle; a range is given room, but not below zero or above what there can be. */
function padded(min: number | null, max: number | null, most = Number.POSITIVE_INFINITY): [number, number] {
  if (min === null || max === null) return [0, 1];
  const room = (max - min) * 0.06 || Math.abs(max) * 0.1 || 0.5;
  return [min >= 0 ? Math.max(0, min - room) : min - room, Math.min(most, max + room)];
}

function seriesOf(
  { label, colour, width = 1.75, opacity = 1, dash, dotted, joined }: Line,
  palette: Record<Token, string>,
): uPlot.Series {
  return {
    label,
    stroke: palette[colour],
    width,
    alpha: opacity,
    ...(dash ? { dash: [...dash] } : {}),
    spanGaps: joined ?? false,
    points: dotted
      ? { show: true, size: 6, width: 1.75, stroke: palette[colour], fill: palette.surface }
      : { show: false },
  };
}

const markColours: Readonly<Record<Mark['kind'], Token>> = {
  step: 'cut',
  skipped: 'wait',
  back: 'ink-soft',
};

/** Upright lines with a word at their top. Where they crowd, what was skipped or undone is said first, steps by number. */
function drawMarks(plot: uPlot, marks: readonly Mark[], palette: Record<Token, string>): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const ratio = devicePixelRatio;
  const seen = marks
    .map((mark) => ({ ...mark, x: Math.round(plot.valToPos(mark.at, 'x', true)) + 0.5 }))
    .filter(({ x }) => x >= left - 1 && x <= left + width + 1);
  ctx.save();
  ctx.font = `500 ${10.5 * ratio}px Inter, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'bottom';
  ctx.lineWidth = ratio;
  const written: (readonly [number, number])[] = [];
  const place = (text: string, x: number): boolean => {
    const size = ctx.measureText(text).width;
    const from = Math.min(Math.max(x - size / 2, left), left + width - size);
    const to = from + size;
    if (written.some(([a, b]) => from < b + 5 * ratio && to > a - 5 * ratio)) return false;
    written.push([from, to]);
    ctx.fillText(text, from, top - ratio);
    return true;
  };
  for (const kind of ['skipped', 'back', 'step'] as const)
    for (const { x, text, short } of seen.filter((mark) => mark.kind === kind)) {
      ctx.strokeStyle = ctx.fillStyle = palette[markColours[kind]];
      ctx.globalAlpha = 0.65;
      ctx.setLineDash(kind === 'step' ? [] : [3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      ctx.globalAlpha = 1;
      if (!place(text, x)) place(short, x);
    }
  ctx.restore();
}
