// The charts' figures as tables, for those who cannot see the charts.

import { useMemo } from 'react';
import type { CostPoint, TrainingPoint } from '../../src/workbench/engine.ts';
import { accuracy, decimal, exact, percent } from '../text/numbers.ts';

export function CostTable({ costs }: { readonly costs: readonly CostPoint[] }) {
  return (
    <table className="unseen">
      <caption>Size after each step</caption>
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col">Parameters</th>
          <th scope="col">MACs</th>
          <th scope="col">Sparsity</th>
        </tr>
      </thead>
      <tbody>
        {costs.map(({ step, params, macs, sparsity }) => (
          <tr key={step}>
            <th scope="row">{step === 0 ? 'As opened' : step}</th>
            <td>{exact(params)}</td>
            <td>{exact(macs)}</td>
            <td>{percent(sparsity)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const epochsShown = 100;

export function EpochTable({ curve }: { readonly curve: readonly TrainingPoint[] }) {
  const epochs = useMemo(() => curve.filter(isMeasured), [curve]);
  if (epochs.length === 0) return null;
  const shown = epochs.slice(-epochsShown);
  return (
    <table className="unseen">
      <caption>
        Held-out figures after each epoch
        {shown.length < epochs.length && `, the last ${epochsShown} of ${exact(epochs.length)}`}
      </caption>
      <thead>
        <tr>
          <th scope="col">Batch</th>
          <th scope="col">Loss</th>
          <th scope="col">Accuracy</th>
        </tr>
      </thead>
      <tbody>
        {shown.map(({ batch, validationLoss, validationAccuracy }) => (
          <tr key={batch}>
            <th scope="row">{exact(batch)}</th>
            <td>{validationLoss === undefined ? '–' : decimal(validationLoss)}</td>
            <td>{validationAccuracy === undefined ? '–' : accuracy(validationAccuracy)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const isMeasured = ({ validationLoss, validationAccuracy }: TrainingPoint): boolean =>
  validationLoss !== undefined || validationAccuracy !== undefined;
