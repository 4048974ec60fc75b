// The canvas as a component uses it: in step with the drawing and the panel's size.

import { useEffect, useMemo, useRef, useState } from 'react';
import type { Drawing, DrawnNode } from '../../src/workbench/engine.ts';
import { GraphCanvas } from './canvas.ts';
import { wrap } from './columns.ts';
import type { Layout, Rect } from './layout.ts';

interface CanvasScene {
  readonly drawing: Drawing;
  readonly ribbon: Layout;
  readonly anchor: { current: string | undefined };
  readonly visible: boolean;
}

interface CanvasActions {
  onPick(node: DrawnNode | undefined): void;
  onOpen(id: string): void;
  onPoint(node: DrawnNode | undefined, at: Rect | undefined): void;
}

/** `layout` is the ribbon in columns that fit the panel. */
export function useCanvas({ drawing, ribbon, anchor, visible }: CanvasScene, actions: CanvasActions) {
  const host = useRef<HTMLDivElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const [canvas, setCanvas] = useState<GraphCanvas>();
  const [panel, setPanel] = useState({ width: 0, height: 0 });
  const latest = useRef(actions);
  latest.current = actions;

  useEffect(() => {
    if (!host.current || !overlay.current) return;
    const element = host.current;
    const created = new GraphCanvas(element, overlay.current, {
      onPick: (node) => latest.current.onPick(node),
      onOpen: (id) => latest.current.onOpen(id),
      onPoint: (node) => latest.current.onPoint(node, node && created.screenRect(node.id)),
      onView: () => latest.current.onPoint(undefined, undefined),
    });
    setCanvas(created);
    const observer = new ResizeObserver(
      ([
        {
          contentRect: { width, height },
        },
      ]) => {
        if (width === 0 || height === 0) return;
        setPanel({ width, height });
        created.resized();
      },
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.destroy();
      setCanvas(undefined);
    };
  }, []);

  // Small changes of the panel leave the columns as they are.
  const [width, height] = [roughly(panel.width), roughly(panel.height)];
  const layout = useMemo(
    () => (width > 0 ? wrap(ribbon, { width, height }) : undefined),
    [ribbon, width, height],
  );
  useEffect(() => {
    if (!canvas || !layout) return;
    canvas.show(drawing, layout, anchor.current);
    anchor.current = undefined;
  }, [canvas, drawing, layout, anchor]);
  useEffect(() => {
    if (visible) canvas?.resized();
  }, [canvas, visible]);
  return { host, overlay, canvas, layout };
}

/** A length to a third of an octave; 0 stays 0. */
const roughly = (length: number): number => (length === 0 ? 0 : 2 ** (Math.round(Math.log2(length) * 3) / 3));
