// The layout of the drawing at hand, computed beside the page; the last one stays until the next is there.

import { useEffect, useState } from 'react';
import type { Drawing } from '../../src/workbench/engine.ts';
import { type Layout, layOut, topologyOf } from './layout.ts';

export interface LaidOut {
  readonly drawing: Drawing;
  /** As one ribbon; see columns.ts. */
  readonly ribbon: Layout;
}

export type LayoutState =
  | { readonly laidOut: LaidOut | undefined; readonly failure?: undefined }
  | { readonly laidOut?: undefined; readonly failure: string };

export function useLayout(drawing: Drawing | undefined): LayoutState & { readonly isWorking: boolean } {
  const [state, setState] = useState<LayoutState>({ laidOut: undefined });
  useEffect(() => {
    if (!drawing) {
      setState({ laidOut: undefined });
      return;
    }
    let isWanted = true;
    setState((before) => ({ laidOut: withWidthsOf(before.laidOut, drawing) }));
    layOut(drawing).then(
      (ribbon) => isWanted && setState({ laidOut: { drawing, ribbon } }),
      (error: unknown) =>
        isWanted && setState({ failure: error instanceof Error ? error.message : String(error) }),
    );
    return () => {
      isWanted = false;
    };
  }, [drawing]);
  const isWorking = drawing !== undefined && !state.failure && state.laidOut?.drawing !== drawing;
  return { ...state, isWorking };
}

/** Where only widths and groups have changed, the places are known already. */
const withWidthsOf = (before: LaidOut | undefined, drawing: Drawing): LaidOut | undefined =>
  before && topologyOf(before.drawing) === topologyOf(drawing) ? { ...before, drawing } : before;
