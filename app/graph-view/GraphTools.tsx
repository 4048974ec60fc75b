// The tools over the picture: find, zoom, fit, and the same graph as a list.

import { ListTree, Maximize, Minus, Network, Plus, Search } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { Drawing, DrawnNode } from '../../src/workbench/engine.ts';
import { IconButton } from '../widgets/Button.tsx';
import type { GraphCanvas } from './canvas.ts';
import { Find } from './Find.tsx';

interface GraphToolsProps {
  readonly drawing: Drawing;
  readonly canvas: GraphCanvas | undefined;
  readonly asList: boolean;
  readonly onShape: (asList: boolean) => void;
  readonly finding: boolean;
  readonly onFinding: (finding: boolean) => void;
  readonly onChoose: (node: DrawnNode) => void;
}

export function GraphTools({
  drawing,
  canvas,
  asList,
  onShape,
  finding,
  onFinding,
  onChoose,
}: GraphToolsProps) {
  useFindKey(() => onFinding(true));
  const close = () => {
    canvas?.mark(new Set());
    onFinding(false);
  };
  return (
    <div className="graph-tools" role="toolbar" aria-label="Graph tools">
      {finding ? (
        <Find
          drawing={drawing}
          onMatch={(ids) => canvas?.mark(ids)}
          onChoose={(node) => {
            close();
            onChoose(node);
          }}
          onClose={close}
        />
      ) : (
        <IconButton icon={Search} label="Find a node" keys={['/']} size="s" onPress={() => onFinding(true)} />
      )}
      {!asList && (
        <>
          <IconButton
            icon={Minus}
            label="Zoom out"
            keys={['-']}
            size="s"
            onPress={() => canvas?.zoomBy(1 / 1.3)}
          />
          <IconButton icon={Plus} label="Zoom in" keys={['+']} size="s" onPress={() => canvas?.zoomBy(1.3)} />
          <IconButton
            icon={Maximize}
            label="Show the whole graph"
            keys={['F']}
            size="s"
            onPress={() => canvas?.fit()}
          />
        </>
      )}
      <IconButton
        icon={asList ? Network : ListTree}
        label={asList ? 'Show as a drawing' : 'Show as a list'}
        size="s"
        onPress={() => onShape(!asList)}
      />
    </div>
  );
}

/** Ctrl+F finds in the graph, wherever the keyboard is; in a dialog it stays the browser's. */
function useFindKey(onFind: () => void): void {
  const act = useRef(onFind);
  act.current = onFind;
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'f' || event.defaultPrevented)
        return;
      if (document.querySelector('[role=dialog]')) return;
      event.preventDefault();
      act.current();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
