// The candidate in hand: what would go, how it scores, what it saves, why it goes together, and the decision.

import { useEffect, useRef, useState } from 'react';
import type { CandidateSummary } from '../../../src/workbench/engine.ts';
import { CommandButton } from '../../commands/CommandButton.tsx';
import {
  accept,
  acceptAlike,
  lock,
  next,
  pickChannels,
  previous,
  reject,
  skip,
  undo,
} from '../../commands/review.ts';
import { Coupling } from '../../group/Coupling.tsx';
import { useGroupName } from '../../group/use-group-name.ts';
import { goingUnits, verdictOf } from '../../store/review.ts';
import { useApp } from '../../store/store.ts';
import { unitName } from '../../text/names.ts';
import { compact, plural } from '../../text/numbers.ts';
import { Fold } from '../../widgets/Fold.tsx';
import { Name } from '../../widgets/Name.tsx';
import { ChannelPicker } from './ChannelPicker.tsx';
import { ScoreStrip } from './ScoreStrip.tsx';

export function Candidate({ candidate }: { readonly candidate: CandidateSummary }) {
  const picked = useApp((state) => state.picked);
  const verdict = useApp((state) => verdictOf(state, candidate.id));
  const name = useGroupName({ ...candidate, id: candidate.group });
  const alike = candidate.alike.length - 1;
  const going = picked ?? goingUnits(candidate);
  const asProposed = going === candidate.remove;
  return (
    <article className="candidate" aria-label={name}>
      <div className="candidate-told">
        <header className="candidate-head">
          <h3 title={candidate.root}>
            <Name>{name}</Name>
          </h3>
          {alike > 0 && (
            <span className="chip" title="Candidates of the same structure">
              {plural(alike, 'other')} alike
            </span>
          )}
          <span className="candidate-moves">
            <CommandButton command={previous} iconOnly size="s" />
            <CommandButton command={next} iconOnly size="s" />
          </span>
        </header>
        <p className="candidate-sentence">
          <strong>
            {going.length} of {candidate.units}
          </strong>{' '}
          {unitName(candidate.kind, candidate.units)} would go
          {asProposed ? (
            <>
              , saving <strong>{compact(candidate.saves.params)}</strong> parameters and{' '}
              <strong>{compact(candidate.saves.macs)}</strong> MACs.
            </>
          ) : (
            `; ${candidate.remove.length} were proposed.`
          )}
          {asProposed &&
            candidate.rounding !== undefined &&
            candidate.rounding > 0 &&
            ` ${candidate.rounding} of them only to leave a round width.`}
        </p>
        {picked ? (
          <ChannelPicker candidate={candidate} picked={picked} />
        ) : (
          <ScoreStrip scores={candidate.scores} remove={going} rejected={candidate.rejectedBefore} />
        )}
        {verdict === 'rejected' && (
          <p className="candidate-verdict">Rejected{candidate.reason ? `: ${candidate.reason}` : '.'}</p>
        )}
        <Why candidate={candidate} />
      </div>
      <div className="actions">
        <CommandButton command={accept} look="yes" wide keys />
        <CommandButton command={reject} look="no" wide keys />
        <CommandButton command={skip} wide keys />
      </div>
      <div className="actions more">
        <CommandButton command={undo} size="s" look="quiet" keys />
        <CommandButton command={acceptAlike} size="s" look="quiet" keys />
        <CommandButton command={pickChannels} size="s" look="quiet" keys />
        <CommandButton command={lock} size="s" look="quiet" keys />
      </div>
      <Reason />
    </article>
  );
}

/** Kept with a reject; Enter rejects with it. */
function Reason() {
  const reason = useApp((state) => state.reason);
  const setReason = useApp((state) => state.setReason);
  const decide = useApp((state) => state.decide);
  return (
    <form
      className="candidate-reason"
      onSubmit={(event) => {
        event.preventDefault();
        if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
        void decide({ verdict: 'rejected', ...(reason.trim() ? { reason: reason.trim() } : {}) });
      }}
    >
      <input
        className="input"
        aria-label="Reason to keep it"
        placeholder="Reason to keep it, if you reject"
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
    </form>
  );
}

function Why({ candidate }: { readonly candidate: CandidateSummary }) {
  const [open, setOpen] = useState(false);
  const fold = useRef<HTMLDivElement>(null);
  const group = useApp((state) => state.session?.model?.groups.find(({ id }) => id === candidate.group));
  useEffect(() => {
    const box = fold.current;
    if (!open || !box) return;
    const observer = new ResizeObserver(() => box.scrollIntoView({ block: 'nearest' }));
    observer.observe(box);
    return () => observer.disconnect();
  }, [open]);
  if (!group || group.members.length < 2) return null;
  return (
    <div ref={fold}>
      <Fold title={`Why ${group.members.length} tensors go together`} open={open} onToggle={setOpen}>
        {open && <Coupling group={group} />}
      </Fold>
    </div>
  );
}
