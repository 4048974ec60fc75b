// What went wrong, said once and kept until it is put away or overtaken by something that worked.

import { TriangleAlert, X } from 'lucide-react';
import { useApp } from '../store/store.ts';
import { IconButton } from '../widgets/Button.tsx';
import './problems.css';

export function Problems() {
  const problems = useApp((state) => state.problems);
  const dismiss = useApp((state) => state.dismiss);
  return (
    <div role="alert" className="problems">
      {problems.map((problem) => (
        <div key={`${problem.code} ${problem.message}`} className="problem">
          <TriangleAlert aria-hidden size={16} />
          <div className="problem-text">
            <p className="problem-message">{problem.message}</p>
            {problem.hint && <p>{problem.hint}</p>}
          </div>
          <IconButton icon={X} size="s" label="Dismiss" onPress={() => dismiss(problem)} />
        </div>
      ))}
    </div>
  );
}
