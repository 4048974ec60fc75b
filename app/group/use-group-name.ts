// A group by the name of the layer it starts from, as the picture has it; until the picture is there, by its node.

import { useApp } from '../store/store.ts';

export interface Named {
  /** Of the group. */
  readonly id: string;
  readonly node: string;
  readonly root: string;
}

export const nameIn = (names: ReadonlyMap<string, string>, { id, node, root }: Named): string =>
  names.get(id) ?? (node || root);

export function useGroupName(group: Named): string {
  return useApp((state) => nameIn(state.groupNames, group));
}
