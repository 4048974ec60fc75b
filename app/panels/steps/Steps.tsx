// What happened, latest first. A training pass that was skipped stands as tall as one that ran.

import { History } from 'lucide-react';
import { useMemo } from 'react';
import type { LogEntry } from '../../../src/workbench/engine.ts';
import { CommandButton } from '../../commands/CommandButton.tsx';
import { exportRecipe } from '../../commands/model.ts';
import { undoneEntries } from '../../log/lineage.ts';
import { useApp } from '../../store/store.ts';
import { clock } from '../../text/numbers.ts';
import { classes } from '../../widgets/Button.tsx';
import { Empty } from '../../widgets/Empty.tsx';
import { Fold } from '../../widgets/Fold.tsx';
import { describeEntry } from './entries.ts';
import { AskBack, BackButton } from './GoingBack.tsx';
import './steps.css';

export function StepsHead() {
  const any = useApp((state) => (state.session?.log.length ?? 0) > 1);
  return any ? <CommandButton command={exportRecipe} size="s" look="quiet" /> : null;
}

export function StepsBody() {
  const log = useApp((state) => state.session?.log);
  const undone = useMemo(() => undoneEntries(log ?? []), [log]);
  if (!log || log.length === 0)
    return (
      <Empty icon={History} title="Nothing has happened yet">
        Every step, every training pass that ran or was skipped, and every file you take away.
      </Empty>
    );
  return (
    <>
      <ol className="steps">
        {log
          .map((entry, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: entries are only ever added at the end
            <Entry key={place} entry={entry} place={place} undone={undone.has(place)} />
          ))
          .toReversed()}
      </ol>
      <AskBack />
    </>
  );
}

interface EntryProps {
  readonly entry: LogEntry;
  readonly place: number;
  readonly undone: boolean;
}

function Entry({ entry, place, undone }: EntryProps) {
  const { icon: Icon, tone, title, figures, sentences, held } = describeEntry(entry);
  return (
    <li className={classes('step-entry', tone, undone && 'undone')}>
      <span className="step-mark">
        <Icon aria-hidden size={13} strokeWidth={2} />
      </span>
      <div className="step-text">
        <p className="step-title">
          <span>
            {title}
            {undone && <span className="step-undone">, undone</span>}
          </span>
          {entry.kind === 'step' && <BackButton place={place} number={entry.number} />}
          <time dateTime={new Date(entry.at).toISOString()}>{clock(entry.at)}</time>
        </p>
        {figures.length > 0 && (
          <p className="step-figures figure">
            {figures.map((figure) => (
              <span key={figure}>{figure}</span>
            ))}
          </p>
        )}
        {sentences.map((sentence) => (
          <p key={sentence} className="step-sentence">
            {sentence}
          </p>
        ))}
        {held.length > 0 && (
          <Fold title={`What held ${held.length === 1 ? 'a group' : `${held.length} groups`} back`}>
            <ul className="step-held">
              {held.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          </Fold>
        )}
      </div>
    </li>
  );
}
