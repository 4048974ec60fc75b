// The words for each kind of log entry.

import {
  CircleSlash,
  Download,
  FolderOpen,
  Gauge,
  Info,
  type LucideIcon,
  Scissors,
  TriangleAlert,
  Undo2,
  Wrench,
  Zap,
  ZapOff,
} from 'lucide-react';
import type { LogEntry } from '../../../src/workbench/engine.ts';
import { accuracy, bytes, change, compact, decimal, plural } from '../../text/numbers.ts';

interface Described {
  readonly icon: LucideIcon;
  readonly tone: 'calm' | 'done' | 'held' | 'wrong';
  readonly title: string;
  readonly figures: readonly string[];
  readonly sentences: readonly string[];
  /** Why single groups lost less than planned. */
  readonly held: readonly string[];
}

type Of<K extends LogEntry['kind']> = Extract<LogEntry, { readonly kind: K }>;

const words: {
  readonly [K in LogEntry['kind']]: (entry: Of<K>) => Partial<Described> & Pick<Described, 'icon' | 'title'>;
} = {
  opened: ({ fileName, params, macs }) => ({
    icon: FolderOpen,
    title: `Opened ${fileName}`,
    figures: [`${compact(params)} parameters`, `${compact(macs)} MACs`],
  }),
  step: describeStep,
  training: ({ outcome, epochs, accuracyBefore, accuracyAfter, message }) => ({
    icon: outcome === 'failed' || outcome === 'diverged' ? TriangleAlert : Zap,
    tone: outcome === 'failed' || outcome === 'diverged' ? 'wrong' : 'done',
    title:
      outcome === 'completed'
        ? `Trained ${plural(epochs, 'epoch')}`
        : `Training ${outcome.replace('-', ' ')}`,
    figures:
      accuracyBefore === undefined || accuracyAfter === undefined
        ? []
        : [`Accuracy ${accuracy(accuracyBefore)} → ${accuracy(accuracyAfter)}`],
    sentences: [message],
  }),
  'training-skipped': ({ message }) => ({
    icon: ZapOff,
    tone: 'held',
    title: 'Training skipped',
    sentences: [message],
  }),
  repair: ({ method, changed, message }) => ({
    icon: Wrench,
    tone: changed ? 'done' : 'held',
    title: method === 'batch-norm' ? 'Norms re-estimated' : 'Layers reconstructed',
    sentences: [message],
  }),
  evaluated: ({ loss, accuracy: share }) => ({
    icon: Gauge,
    title: 'Measured',
    figures: [...(share === undefined ? [] : [`Accuracy ${accuracy(share)}`]), `Loss ${decimal(loss)}`],
  }),
  exported: ({ fileName, bytes: count }) => ({
    icon: Download,
    title: `Exported ${fileName}`,
    figures: [bytes(count)],
  }),
  'went-back': ({ number }) => ({
    icon: Undo2,
    title: `Went back to before step ${number}`,
    sentences: ['Weights, rejects and schedule are as they were then.'],
  }),
  note: ({ message }) => ({ icon: Info, title: 'Note', sentences: [message] }),
};

function describeStep(step: Of<'step'>): Partial<Described> & Pick<Described, 'icon' | 'title'> {
  const { number, pruned, reasons, removedUnits, accepted, rejected, before, after } = step;
  const whole = reasons.filter(({ group }) => group === undefined).map(({ message }) => message);
  const held = reasons.filter(({ group }) => group !== undefined).map(({ message }) => message);
  if (!pruned)
    return {
      icon: CircleSlash,
      tone: 'held',
      title: `Step ${number} removed nothing`,
      sentences: whole.length > 0 ? whole : held.slice(0, 1),
      held: whole.length > 0 ? held : held.slice(1),
    };
  return {
    icon: Scissors,
    tone: 'done',
    title: `Step ${number} removed ${plural(removedUnits, 'unit')}`,
    figures: [
      `Parameters ${compact(before.params)} → ${compact(after.params)} (${change(before.params, after.params)})`,
      `MACs ${compact(before.macs)} → ${compact(after.macs)} (${change(before.macs, after.macs)})`,
    ],
    sentences: [`${accepted} accepted, ${rejected} rejected.`, ...whole],
    held,
  };
}

export function describeEntry(entry: LogEntry): Described {
  const describe = words[entry.kind] as (entry: LogEntry) => ReturnType<(typeof words)['note']>;
  return { tone: 'calm', figures: [], sentences: [], held: [], ...describe(entry) };
}
