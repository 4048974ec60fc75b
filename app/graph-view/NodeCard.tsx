// What there is to know about a node: what it does, how large it is, what hangs on it.

import { ChevronsDownUp, ChevronsUpDown } from 'lucide-react';
import type { DrawnGroup, DrawnNode } from '../../src/workbench/engine.ts';
import { unitName } from '../text/names.ts';
import { compact, exact } from '../text/numbers.ts';
import { Button } from '../widgets/Button.tsx';

interface NodeCardProps {
  readonly node: DrawnNode;
  readonly groups: readonly DrawnGroup[];
  /** Absent: the card only tells. */
  readonly onSelectGroup?: (group: string) => void;
  readonly onOpen?: () => void;
  readonly selectedGroup?: string | undefined;
}

export function NodeCard({ node, groups, onSelectGroup, onOpen, selectedGroup }: NodeCardProps) {
  const { name, label, detail, shape, params, macs, channels } = node;
  return (
    <div className="node-card">
      <p className="node-card-name code">{name}</p>
      <p className="node-card-label">{label}</p>
      <dl className="node-card-figures figure">
        {detail !== shape && (
          <>
            <dt>Size</dt>
            <dd className="code">{detail}</dd>
          </>
        )}
        {shape && (
          <>
            <dt>Output</dt>
            <dd className="code">{shape}</dd>
          </>
        )}
        {params > 0 && (
          <>
            <dt>Parameters</dt>
            <dd title={exact(params)}>{compact(params)}</dd>
          </>
        )}
        {macs > 0 && (
          <>
            <dt>MACs</dt>
            <dd title={exact(macs)}>{compact(macs)}</dd>
          </>
        )}
        {channels && channels.now < channels.initially && (
          <>
            <dt>Pruned</dt>
            <dd className="node-card-cut">
              {exact(channels.initially - channels.now)} of {exact(channels.initially)} channels
            </dd>
          </>
        )}
      </dl>
      {groups.length > 0 && (
        <ul className="node-card-groups">
          {groups.map((group) => (
            <li key={group.id}>
              <GroupLine group={group} selected={group.id === selectedGroup} onSelect={onSelectGroup} />
            </li>
          ))}
        </ul>
      )}
      {onOpen && (node.expandable || node.parent !== undefined) && (
        <Button size="s" icon={node.expandable ? ChevronsUpDown : ChevronsDownUp} onPress={onOpen}>
          {node.expandable ? `Show its ${node.nodes.length} operators` : 'Fold again'}
        </Button>
      )}
    </div>
  );
}

interface GroupLineProps {
  readonly group: DrawnGroup;
  readonly selected: boolean;
  readonly onSelect: ((group: string) => void) | undefined;
}

function GroupLine({ group, selected, onSelect }: GroupLineProps) {
  const { name, kind, units, initialUnits, members } = group;
  const width = units < initialUnits ? `${exact(units)} of ${exact(initialUnits)}` : exact(units);
  const text = (
    <>
      <span className="node-card-group code">{name}</span>
      <span className="figure">
        {width} {unitName(kind, initialUnits)} · {exact(members)} tensors
      </span>
    </>
  );
  if (!onSelect) return <p className={selected ? 'node-card-line selected' : 'node-card-line'}>{text}</p>;
  return (
    <button
      type="button"
      className={selected ? 'node-card-line selected' : 'node-card-line'}
      aria-pressed={selected}
      onClick={() => onSelect(group.id)}
    >
      {text}
    </button>
  );
}
