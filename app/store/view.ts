// Where a person is looking: the picture, what is open in it, the group in hand.

import type { CouplingStep } from '../../src/analysis/types.ts';
import { problemOf } from '../../src/lib/errors.ts';
import type { Drawing } from '../../src/workbench/engine.ts';
import type { Slice } from './state.ts';

export type Overlay = 'palette' | 'help';

export interface ViewSlice {
  readonly drawing: Drawing | undefined;
  readonly drawingPending: boolean;
  /** By group id, as the picture names them. */
  readonly groupNames: ReadonlyMap<string, string>;
  readonly expanded: readonly string[];
  /** The group whose details are shown and which the graph keeps lit. */
  readonly selectedGroup: string | undefined;
  /** The group under the pointer. */
  readonly pointedGroup: string | undefined;
  readonly groupFilter: string;
  readonly overlay: Overlay | undefined;
  /** Place in the log of a step that may be undone, once the person has agreed. */
  readonly askedBack: number | undefined;
  redraw(): Promise<void>;
  toggleExpanded(node: string): void;
  selectGroup(group: string | undefined): void;
  pointAt(group: string | undefined): void;
  setGroupFilter(text: string): void;
  askBack(entry: number | undefined): void;
  show(overlay: Overlay | undefined): void;
  /** Why two members of a group go together. */
  explain(group: string, from: number, to: number): Promise<readonly CouplingStep[]>;
}

export const viewSlice: Slice<ViewSlice> = (set, get, _store, engine) => {
  let latest = 0;
  return {
    drawing: undefined,
    drawingPending: false,
    groupNames: new Map(),
    expanded: [],
    selectedGroup: undefined,
    pointedGroup: undefined,
    groupFilter: '',
    overlay: undefined,
    askedBack: undefined,
    async redraw() {
      const mine = ++latest;
      set({ drawingPending: true });
      try {
        const drawing = await engine.draw(get().expanded);
        const groupNames = new Map(drawing.groups.map(({ id, name }) => [id, name]));
        if (mine === latest) set({ drawing, groupNames, drawingPending: false });
      } catch (error) {
        if (mine !== latest) return;
        set({ drawing: undefined, drawingPending: false });
        get().complain(problemOf(error));
      }
    },
    toggleExpanded(node) {
      const { expanded } = get();
      set({
        expanded: expanded.includes(node) ? expanded.filter((id) => id !== node) : [...expanded, node],
      });
      void get().redraw();
    },
    selectGroup(group) {
      const { session } = get();
      set({ selectedGroup: group });
      const candidate = session?.step?.candidates.find(
        ({ groups }) => group !== undefined && groups.includes(group),
      );
      if (candidate) get().goTo(candidate.id);
    },
    pointAt: (group) => set({ pointedGroup: group }),
    setGroupFilter: (groupFilter) => set({ groupFilter }),
    askBack: (askedBack) => set({ askedBack }),
    show: (overlay) => set({ overlay }),
    explain: (group, from, to) => engine.explain(group, from, to),
  };
};
