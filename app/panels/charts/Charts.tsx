// What the steps and the training passes did, drawn as it happens.

import { lazy, Suspense } from 'react';
import { useApp } from '../../store/store.ts';
import './charts-panel.css';

const Charts = lazy(() => import('../../charts/Charts.tsx').then(({ Charts }) => ({ default: Charts })));

const none: readonly never[] = [];

export function ChartsBody() {
  const costs = useApp((state) => state.session?.costs ?? none);
  const curve = useApp((state) => state.session?.curve ?? none);
  const log = useApp((state) => state.session?.log ?? none);
  return (
    <Suspense fallback={null}>
      <Charts costs={costs} curve={curve} log={log} />
    </Suspense>
  );
}
