// A step under review: the candidate in hand on top, the list of all below, and what the decisions come to at the foot.

import { Check, Circle, ListChecks, type LucideIcon, SkipForward, X } from 'lucide-react';
import { useShallow } from 'zustand/react/shallow';
import type { CandidateSummary, OpenStep, Verdict } from '../../../src/workbench/engine.ts';
import { CommandButton } from '../../commands/CommandButton.tsx';
import { applyStep, cancelStep, tryOut } from '../../commands/review.ts';
import { GroupName } from '../../group/GroupName.tsx';
import { useGroupName } from '../../group/use-group-name.ts';
import { currentCandidate, goingUnits, tally, verdictOf, visibleCandidates } from '../../store/review.ts';
import { useApp } from '../../store/store.ts';
import { change, compact, measured, plural } from '../../text/numbers.ts';
import { Choices } from '../../widgets/Choices.tsx';
import { Empty } from '../../widgets/Empty.tsx';
import { Filter } from '../../widgets/Filter.tsx';
import { Fold } from '../../widgets/Fold.tsx';
import { Name } from '../../widgets/Name.tsx';
import { Segments } from '../../widgets/Segments.tsx';
import { Candidate } from './Candidate.tsx';

export function Review({ step }: { readonly step: OpenStep }) {
  const candidate = useApp(currentCandidate);
  return (
    <>
      <Tally step={step} />
      {candidate ? (
        <Candidate key={candidate.id} candidate={candidate} />
      ) : (
        <Empty
          icon={ListChecks}
          title={step.candidates.length === 0 ? 'Nothing is proposed' : 'Choose a candidate'}
        >
          {step.candidates.length === 0 && 'Applying the step says why.'}
        </Empty>
      )}
      <List />
      <HeldBack step={step} />
      <Recent step={step} />
      <Foot step={step} />
    </>
  );
}

function Tally({ step }: { readonly step: OpenStep }) {
  const { accepted, rejected, skipped } = tally(step);
  const share = (count: number) => ({ width: `${(count / Math.max(1, step.candidates.length)) * 100}%` });
  return (
    <div
      className="tally"
      role="img"
      aria-label={`${accepted} to go, ${rejected} kept, ${skipped} passed over, of ${step.candidates.length}`}
    >
      <span className="tally-accepted" style={share(accepted)} />
      <span className="tally-rejected" style={share(rejected)} />
      <span className="tally-skipped" style={share(skipped)} />
    </div>
  );
}

function List() {
  const shown = useApp(useShallow(visibleCandidates));
  const current = useApp((state) => state.current);
  const goTo = useApp((state) => state.goTo);
  const pointAt = useApp((state) => state.pointAt);
  const filter = useApp((state) => state.filter);
  const setFilter = useApp((state) => state.setFilter);
  const which = useApp((state) => state.which);
  const setWhich = useApp((state) => state.setWhich);
  return (
    <div className="candidates-list">
      <div className="candidates-tools">
        <Filter label="Filter candidates" value={filter} onChange={setFilter} />
        <Segments
          label="Which candidates"
          value={which}
          onChange={setWhich}
          choices={[
            { id: 'all', label: 'All' },
            { id: 'undecided', label: 'Open' },
          ]}
        />
      </div>
      <Choices
        label="Proposed groups"
        name="candidates"
        items={shown}
        selected={current}
        onSelect={goTo}
        onPoint={(id) => pointAt(shown.find((candidate) => candidate.id === id)?.group)}
      >
        {candidateRow}
      </Choices>
    </div>
  );
}

export const verdictLooks: Readonly<Record<Verdict, { readonly icon: LucideIcon; readonly word: string }>> = {
  undecided: { icon: Circle, word: 'undecided' },
  accepted: { icon: Check, word: 'accepted' },
  rejected: { icon: X, word: 'rejected' },
  skipped: { icon: SkipForward, word: 'skipped' },
};

function Row({ candidate }: { readonly candidate: CandidateSummary }) {
  const verdict = useApp((state) => verdictOf(state, candidate.id));
  const { icon: Icon, word } = verdictLooks[verdict];
  return (
    <span className={`candidate-row ${verdict}`} title={candidate.reason ?? candidate.root}>
      <Icon aria-label={word} size={13} strokeWidth={2.2} />
      <span className="candidate-name">
        <GroupName group={{ ...candidate, id: candidate.group }} />
      </span>
      <span className="figure">
        −{goingUnits(candidate).length} <span className="candidate-of">/ {candidate.units}</span>
      </span>
      <span className="candidate-saves figure">−{compact(candidate.saves.params)}</span>
    </span>
  );
}

const candidateRow = (candidate: CandidateSummary) => <Row candidate={candidate} />;

/** Groups that are not proposed, or with less than asked. */
function HeldBack({ step: { heldBack = [] } }: { readonly step: OpenStep }) {
  if (heldBack.length === 0) return null;
  return (
    <div className="held-back">
      <Fold title={`${plural(heldBack.length, 'group')} held back`}>
        <ul>
          {heldBack.map(({ code, group, message }) => (
            <li key={`${code} ${group} ${message}`}>{message}</li>
          ))}
        </ul>
      </Fold>
    </div>
  );
}

const recentCount = 10;

/** The last decisions, a press away from being changed. */
function Recent({ step }: { readonly step: OpenStep }) {
  // Latest first: of a candidate that was decided twice, the decision that holds comes before the other.
  const latest = step.decisions
    .toReversed()
    .filter(({ candidate }, i, all) => all.findIndex((each) => each.candidate === candidate) === i)
    .slice(0, recentCount);
  if (latest.length === 0) return null;
  return (
    <ul className="recent" aria-label="Last decisions">
      {latest.map(({ candidate: id, verdict }) => {
        const candidate = step.candidates.find((each) => each.id === id);
        if (!candidate) return null;
        return <RecentOne key={id} candidate={candidate} verdict={verdict} />;
      })}
    </ul>
  );
}

interface RecentOneProps {
  readonly candidate: CandidateSummary;
  readonly verdict: Verdict;
}

function RecentOne({ candidate, verdict }: RecentOneProps) {
  const goTo = useApp((state) => state.goTo);
  const name = useGroupName({ ...candidate, id: candidate.group });
  const { icon: Icon, word } = verdictLooks[verdict];
  return (
    <li>
      <a
        href={`#${encodeURIComponent(candidate.id)}`}
        className={`recent-one ${verdict}`}
        title={`${name}: ${word}. Go back to it.`}
        onClick={(event) => {
          event.preventDefault();
          goTo(candidate.id);
        }}
      >
        <Icon aria-hidden size={12} strokeWidth={2.2} />
        <Name>{name}</Name>
      </a>
    </li>
  );
}

function Foot({ step }: { readonly step: OpenStep }) {
  const model = useApp((state) => state.session?.model);
  const tried = useApp((state) => state.tried);
  if (!model) return null;
  const fresh = tried?.decisions === step.decisions.length ? tried.figures : undefined;
  return (
    <div className="review-foot">
      <dl className="preview figure">
        <Preview name="Parameters" now={model.params} then={step.preview.params} />
        <Preview name="MACs" now={model.macs} then={step.preview.macs} />
        {fresh && (
          <div>
            <dt>Before retraining</dt>
            <dd>{measured(fresh)}</dd>
          </div>
        )}
      </dl>
      <div className="actions">
        <CommandButton command={applyStep} look="primary" wide />
        <CommandButton command={tryOut} />
        <CommandButton command={cancelStep} look="quiet" />
      </div>
    </div>
  );
}

function Preview({
  name,
  now,
  then,
}: {
  readonly name: string;
  readonly now: number;
  readonly then: number;
}) {
  return (
    <div>
      <dt>{name} after this step</dt>
      <dd>
        {compact(now)} → <strong>{compact(then)}</strong>{' '}
        <span className={then < now ? 'figures-less' : undefined}>{change(now, then)}</span>
      </dd>
    </div>
  );
}
