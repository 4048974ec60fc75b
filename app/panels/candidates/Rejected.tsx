// Rejects that stick, and the way to let them be proposed again.

import { useApp } from '../../store/store.ts';
import { plural } from '../../text/numbers.ts';
import { Button } from '../../widgets/Button.tsx';
import { Fold } from '../../widgets/Fold.tsx';

export function Rejected() {
  const rejected = useApp((state) => state.session?.rejected);
  const release = useApp((state) => state.release);
  if (!rejected || rejected.length === 0) return null;
  return (
    <Fold title={`${plural(rejected.length, 'reject')} kept in mind`}>
      <ul className="rejected">
        {rejected.map(({ group, root, units, reason }) => (
          <li key={group}>
            <span className="rejected-text">
              <span className="code">{root}</span>
              <span>
                {plural(units, 'unit')}
                {reason && `: ${reason}`}
              </span>
            </span>
            <Button size="s" look="quiet" onPress={() => void release(group)}>
              Release
            </Button>
          </li>
        ))}
      </ul>
    </Fold>
  );
}
