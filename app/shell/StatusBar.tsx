// One line at the foot: how things stand, what is under way, where it runs.

import { Cpu } from 'lucide-react';
import type { SessionState } from '../../src/workbench/engine.ts';
import { useApp } from '../store/store.ts';
import { Progress } from '../widgets/Progress.tsx';
import './status-bar.css';

export function StatusBar() {
  const work = useApp((state) => state.work);
  const status = useApp((state) => state.status);
  const busy = useApp((state) => state.session?.busy);
  const started = useApp((state) => state.session !== undefined);
  const backend = useApp((state) => state.session?.backend);
  const task = busy?.task ?? work ?? (started ? undefined : 'Starting the engine');
  return (
    <footer className="status-bar">
      <p role="status">{task ? `${task}…` : status || 'Ready.'}</p>
      {task && (
        <div className="status-progress">
          <Progress label={task} value={busy?.of ? (busy.done ?? 0) / busy.of : undefined} />
        </div>
      )}
      {backend && (
        <p className="status-backend" title={aboutBackend(backend)}>
          <Cpu aria-hidden size={12} /> {backend.name === 'wasm' ? backend.description : backend.name}
        </p>
      )}
    </footer>
  );
}

/** What it is, and why faster ones were passed over. */
const aboutBackend = ({ description, passedOver = [] }: NonNullable<SessionState['backend']>): string =>
  [description, ...passedOver.map(({ name, why }) => `Not ${name}: ${why}.`)].join('\n');
