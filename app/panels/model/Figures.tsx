// What the model cost when it was opened and costs now, side by side.

import type { CostPoint, LogEntry, ModelSummary } from '../../../src/workbench/engine.ts';
import { accuracies } from '../../log/lineage.ts';
import { useApp } from '../../store/store.ts';
import { accuracy, bytes, change, compact, exact } from '../../text/numbers.ts';

interface Row {
  readonly name: string;
  readonly opened: string;
  readonly now: string;
  readonly change?: string;
  readonly exactly?: string;
}

export function Figures({ model }: { readonly model: ModelSummary }) {
  const costs = useApp((state) => state.session?.costs);
  const log = useApp((state) => state.session?.log);
  const rows = rowsOf(model, costs ?? [], log ?? []);
  return (
    <table className="figures figure">
      <thead>
        <tr>
          <td />
          <th scope="col">opened</th>
          <th scope="col">now</th>
          <th scope="col">change</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name} title={row.exactly}>
            <th scope="row">{row.name}</th>
            <td>{row.opened}</td>
            <td className="figures-now">{row.now}</td>
            <td className={row.change?.startsWith('−') ? 'figures-less' : undefined}>{row.change}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function rowsOf(model: ModelSummary, costs: readonly CostPoint[], log: readonly LogEntry[]): Row[] {
  const first = costs[0] ?? model;
  const cost = (name: string, opened: number, now: number): Row => ({
    name,
    opened: compact(opened),
    now: compact(now),
    change: now === opened ? '' : change(opened, now),
    exactly: `${exact(opened)} → ${exact(now)}`,
  });
  return [
    cost('Parameters', first.params, model.params),
    cost('MACs', first.macs, model.macs),
    fileRow(model, costs.at(-1)?.bytes),
    ...accuracyRow(costs, log),
  ];
}

function fileRow({ fileBytes }: ModelSummary, now = fileBytes): Row {
  return {
    name: 'File',
    opened: bytes(fileBytes),
    now: bytes(now),
    change: now === fileBytes ? '' : change(fileBytes, now),
    exactly: `${exact(fileBytes)} → ${exact(now)} bytes`,
  };
}

function accuracyRow(costs: readonly CostPoint[], log: readonly LogEntry[]): Row[] {
  const measured = accuracies(costs, log);
  if (!measured) return [];
  const { now } = measured;
  const opened = costs[0]?.accuracy;
  const isUnknown = opened === undefined;
  return [
    {
      name: 'Accuracy',
      opened: isUnknown ? '–' : accuracy(opened),
      now: accuracy(now),
      change: isUnknown || now === opened ? '' : points(now - opened),
      exactly: isUnknown
        ? 'As last measured on held-out examples; as opened, the model was not measured'
        : 'As opened and as last measured on held-out examples',
    },
  ];
}

const points = (difference: number): string =>
  `${difference < 0 ? '−' : '+'}${Math.abs(difference * 100).toFixed(1)} pt`;
