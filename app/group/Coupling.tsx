// Why the members of a group go together: its members, and the way the coupling takes to the one in hand.

import { useEffect, useState } from 'react';
import type { CouplingStep } from '../../src/analysis/types.ts';
import { problemOf } from '../../src/lib/errors.ts';
import type { GroupSummary } from '../../src/workbench/engine.ts';
import { useApp } from '../store/store.ts';
import { roleName } from '../text/names.ts';
import { Choices } from '../widgets/Choices.tsx';
import { Name } from '../widgets/Name.tsx';
import './coupling.css';

export function Coupling({ group }: { readonly group: GroupSummary }) {
  const [chosen, setChosen] = useState(group.members.length - 1);
  const at = Math.min(chosen, group.members.length - 1);
  const members = group.members.map((member, index) => ({ id: String(index), ...member }));
  return (
    <div className="coupling">
      <Choices label="Members" items={members} selected={String(at)} onSelect={(id) => setChosen(Number(id))}>
        {memberRow}
      </Choices>
      {at > 0 ? (
        <Path group={group.id} to={at} />
      ) : (
        <p className="coupling-note">The group is named after this tensor.</p>
      )}
    </div>
  );
}

const memberRow = ({ tensor, axis, role }: GroupSummary['members'][number]) => (
  <span className="coupling-member">
    <span className="code" title={tensor}>
      <Name>{tensor}</Name>
    </span>
    <span>
      {roleName(role)}, axis {axis}
    </span>
  </span>
);

type Answer = { readonly steps: readonly CouplingStep[] } | { readonly why: string } | undefined;

function Path({ group, to }: { readonly group: string; readonly to: number }) {
  const explain = useApp((state) => state.explain);
  const [answer, setAnswer] = useState<Answer>(undefined);
  useEffect(() => {
    let wanted = true;
    setAnswer(undefined);
    explain(group, 0, to)
      .then((steps) => wanted && setAnswer({ steps }))
      .catch((error) => wanted && setAnswer({ why: problemOf(error).message }));
    return () => {
      wanted = false;
    };
  }, [explain, group, to]);

  if (!answer) return <p className="coupling-note">Looking for the way…</p>;
  if ('why' in answer) return <p className="coupling-note">{answer.why}</p>;
  if (answer.steps.length === 0)
    return <p className="coupling-note">Both are read by the same operator, channel by channel.</p>;
  return (
    <ol className="coupling-path">
      {answer.steps.map((step, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a way may pass the same operator twice
        <li key={index}>
          <span className="coupling-node code" title={step.op}>
            {step.node || step.op}
          </span>
          <span>{step.sentence}</span>
        </li>
      ))}
    </ol>
  );
}
