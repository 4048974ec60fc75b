// What a step proposes to remove, walked through one by one; between steps, how the next one should look for it.

import { ListChecks } from 'lucide-react';
import { useDeferredValue } from 'react';
import { useApp } from '../../store/store.ts';
import { Empty } from '../../widgets/Empty.tsx';
import { Progress } from '../../widgets/Progress.tsx';
import { Review } from './Review.tsx';
import { StepPlan } from './StepPlan.tsx';
import './candidates.css';

export function CandidatesHead() {
  const step = useApp((state) => state.session?.step);
  const current = useApp((state) => state.current);
  if (!step) return null;
  const at = step.candidates.findIndex(({ id }) => id === current);
  return (
    <>
      <span className="chip">
        Step {step.number} of {step.of}
      </span>
      {at >= 0 && (
        <span className="counter figure">
          {(at + 1).toLocaleString('en-US')} of {step.candidates.length.toLocaleString('en-US')}
        </span>
      )}
    </>
  );
}

export function CandidatesBody() {
  // The plan has many fields: it is made in the time that the other panels leave when a model comes.
  const hasModel = useDeferredValue(useApp((state) => state.session?.model !== undefined));
  const step = useApp((state) => state.session?.step);
  const task = useApp((state) => state.session?.busy?.task ?? state.work);
  if (!hasModel)
    return (
      <Empty icon={ListChecks} title="Nothing to review yet">
        Open a model; a step then proposes which channels could go, and you decide group by group.
      </Empty>
    );
  if (step) return <Review step={step} />;
  if (task === 'Scoring the groups' || task?.startsWith('Collecting'))
    return (
      <div className="candidates-wait">
        <p>{task}…</p>
        <Progress label={task} />
      </div>
    );
  return <StepPlan />;
}
