// A group in a list: its name, and what its units are where they are not plain channels. Heads and the dims inside of them
// are two groups of one layer.

import type { GroupKind } from '../../src/analysis/types.ts';
import { unitName } from '../text/names.ts';
import { Name } from '../widgets/Name.tsx';
import { type Named, useGroupName } from './use-group-name.ts';
import './group-name.css';

export function GroupName({ group }: { readonly group: Named & { readonly kind: GroupKind } }) {
  const name = useGroupName(group);
  return (
    <>
      <Name>{name}</Name>
      {group.kind !== 'channels' && <span className="group-kind">{unitName(group.kind, 2)}</span>}
    </>
  );
}
