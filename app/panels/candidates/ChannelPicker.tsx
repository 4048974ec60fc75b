// Every unit of a group as a cell to take or leave, lowest score first; the shade is the score.

import { useMemo } from 'react';
import { ListBox, ListBoxItem } from 'react-aria-components';
import type { CandidateSummary } from '../../../src/workbench/engine.ts';
import { useApp } from '../../store/store.ts';
import { unitName } from '../../text/names.ts';
import { decimal } from '../../text/numbers.ts';

interface ChannelPickerProps {
  readonly candidate: CandidateSummary;
  readonly picked: readonly number[];
}

export function ChannelPicker({ candidate: { scores, kind, units }, picked }: ChannelPickerProps) {
  const setPicked = useApp((state) => state.setPicked);
  const items = useMemo(() => {
    const order = Array.from({ length: units }, (_, unit) => unit);
    if (scores.length === units) order.sort((a, b) => scores[a] - scores[b]);
    return order.map((unit) => ({ id: unit, score: scores[unit] }));
  }, [scores, units]);
  return (
    <ListBox
      aria-label={`Which ${unitName(kind, 2)} go`}
      className="picker"
      layout="grid"
      selectionMode="multiple"
      escapeKeyBehavior="none"
      autoFocus="first"
      items={items}
      selectedKeys={picked}
      onSelectionChange={(keys) =>
        setPicked(keys === 'all' ? items.map(({ id }) => id) : [...keys].map(Number).sort((a, b) => a - b))
      }
    >
      {({ id, score }) => (
        <ListBoxItem
          id={id}
          textValue={String(id)}
          className="picker-cell"
          aria-label={`${unitName(kind, 1)} ${id}, score ${score === undefined ? 'unknown' : decimal(score)}`}
        >
          {id}
        </ListBoxItem>
      )}
    </ListBox>
  );
}
