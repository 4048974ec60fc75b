// The groups: what hangs together, how much of it is left, what stays and why.

import { Lock } from 'lucide-react';
import { useMemo } from 'react';
import type { GroupSummary } from '../../../src/workbench/engine.ts';
import { CommandButton } from '../../commands/CommandButton.tsx';
import { lock } from '../../commands/review.ts';
import { Coupling } from '../../group/Coupling.tsx';
import { GroupName } from '../../group/GroupName.tsx';
import { nameIn, useGroupName } from '../../group/use-group-name.ts';
import { useApp } from '../../store/store.ts';
import { unitName } from '../../text/names.ts';
import { compact, plural } from '../../text/numbers.ts';
import { Choices } from '../../widgets/Choices.tsx';
import { Empty } from '../../widgets/Empty.tsx';
import { Filter } from '../../widgets/Filter.tsx';
import { Fold } from '../../widgets/Fold.tsx';

export function Groups({ groups }: { readonly groups: readonly GroupSummary[] }) {
  const filter = useApp((state) => state.groupFilter);
  const setFilter = useApp((state) => state.setGroupFilter);
  const selected = useApp((state) => state.selectedGroup);
  const selectGroup = useApp((state) => state.selectGroup);
  const pointAt = useApp((state) => state.pointAt);
  const names = useApp((state) => state.groupNames);
  const shown = useMemo(() => matching(groups, filter, names), [groups, filter, names]);
  const reviewing = useApp((state) => state.session?.step !== undefined);
  const chosen = reviewing ? undefined : groups.find(({ id }) => id === selected);
  return (
    <>
      <div className="groups-head">
        <h3>{plural(groups.length, 'group')}</h3>
        <Filter label="Filter groups" value={filter} onChange={setFilter} />
      </div>
      {shown.length === 0 ? (
        <Empty icon={Lock} title={groups.length === 0 ? 'No groups' : 'No group matches'}>
          {groups.length === 0 ? 'Nothing in this network can be pruned by structure.' : undefined}
        </Empty>
      ) : (
        <Choices label="Groups" items={shown} selected={selected} onSelect={selectGroup} onPoint={pointAt}>
          {groupRow}
        </Choices>
      )}
      {chosen && <GroupDetail key={chosen.id} group={chosen} />}
    </>
  );
}

function matching(
  groups: readonly GroupSummary[],
  filter: string,
  names: ReadonlyMap<string, string>,
): readonly GroupSummary[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return groups;
  return groups.filter((group) => {
    const { node, root, kind, locked } = group;
    const text = `${nameIn(names, group)} ${node} ${root} ${kind} ${locked ? 'locked' : ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function GroupRow({ group }: { readonly group: GroupSummary }) {
  const ignored = useApp((state) => state.stepOptions.ignore.includes(group.root));
  const held = group.locked ?? (ignored ? 'You locked it.' : undefined);
  const cut = group.units < group.initialUnits;
  return (
    <span className={held ? 'group-row held' : 'group-row'} title={held ?? group.root}>
      <span className="group-name">
        <GroupName group={group} />
      </span>
      {held && <Lock aria-label={held} size={12} />}
      <span className="group-units figure">
        {cut ? `${group.units} / ${group.initialUnits}` : group.units}
        {cut && (
          <span className="group-left" style={{ width: `${(group.units / group.initialUnits) * 100}%` }} />
        )}
      </span>
    </span>
  );
}

const groupRow = (group: GroupSummary) => <GroupRow group={group} />;

function GroupDetail({ group }: { readonly group: GroupSummary }) {
  return (
    <div className="group-detail">
      <div className="group-detail-head">
        <h3>{useGroupName(group)}</h3>
        <CommandButton command={lock} size="s" look="quiet" keys />
      </div>
      {group.locked ? (
        <p className="model-note">
          <Lock aria-hidden size={13} /> {group.locked}
        </p>
      ) : (
        <p className="group-facts">
          {group.units} {unitName(group.kind, group.units)}; each has {compact(group.paramsPerUnit)} params,{' '}
          {compact(group.macsPerUnit)} MACs
        </p>
      )}
      {group.members.length > 1 && (
        <Fold title={`Why these ${group.members.length} tensors go together`}>
          <Coupling group={group} />
        </Fold>
      )}
    </div>
  );
}
