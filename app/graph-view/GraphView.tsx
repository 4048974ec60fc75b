// The network as a picture one can walk through: folded operators, the group in hand lit along its coupling, details of
// the node under the pointer or the keyboard. Which group is lit and what is unfolded is the page's to say.

import { TriangleAlert, Workflow } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { Drawing, DrawnGroup, DrawnNode } from '../../src/workbench/engine.ts';
import { plural } from '../text/numbers.ts';
import { Empty } from '../widgets/Empty.tsx';
import { Progress } from '../widgets/Progress.tsx';
import { openingOf } from './canvas.ts';
import { GraphTools } from './GraphTools.tsx';
import type { Layout, Rect } from './layout.ts';
import { NodeCard } from './NodeCard.tsx';
import { NodeList } from './NodeList.tsx';
import type { Planned } from './planned.ts';
import { useCanvas } from './use-canvas.ts';
import { useLayout } from './use-layout.ts';
import { type Direction, step } from './walk.ts';
import './graph-view.css';

export interface GraphViewProps {
  readonly drawing: Drawing | undefined;
  /** The group to light now; absent: the selected one. */
  readonly highlightedGroup: string | undefined;
  readonly selectedGroup: string | undefined;
  readonly onSelectGroup: (group: string | undefined) => void;
  /** A folded node to open, or a frame to fold again. */
  readonly onExpand: (id: string) => void;
  readonly loading: boolean;
  /** Units that the decisions so far would cut, by group id. */
  readonly planned?: Planned;
}

const nothing: Planned = new Map();

export function GraphView(props: GraphViewProps) {
  const { drawing, loading } = props;
  const { laidOut, failure, isWorking } = useLayout(drawing);
  if (failure !== undefined)
    return (
      <Empty icon={TriangleAlert} tone="error" title="The graph could not be laid out.">
        {failure}
      </Empty>
    );
  if (!laidOut && !drawing && !loading)
    return (
      <Empty icon={Workflow} title="No graph yet">
        Open a model to see its layers and which of them hang together.
      </Empty>
    );
  const waiting = isWorking
    ? `Laying out ${plural(drawing?.nodes.length ?? 0, 'node')}`
    : 'Reading the graph';
  return (
    <div className="graph-view">
      {laidOut && <Picture {...props} drawing={laidOut.drawing} ribbon={laidOut.ribbon} />}
      {(loading || isWorking) && (
        <div className="graph-busy">
          <span>{waiting}…</span>
          <Progress label={waiting} />
        </div>
      )}
    </div>
  );
}

interface PictureProps extends GraphViewProps {
  readonly drawing: Drawing;
  readonly ribbon: Layout;
}

const arrows: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};

function Picture({
  drawing,
  ribbon,
  highlightedGroup,
  selectedGroup,
  onSelectGroup,
  onExpand,
  planned = nothing,
}: PictureProps) {
  const [asList, setAsList] = useState(false);
  const [finding, setFinding] = useState(false);
  const [currentId, setCurrent] = useState<string>();
  const [pointed, setPointed] = useState<{ readonly node: DrawnNode; readonly at: Rect }>();
  const anchor = useRef<string>(undefined);
  const current = drawing.nodes.find(({ id }) => id === currentId);
  const groups = useMemo(() => new Map(drawing.groups.map((group) => [group.id, group])), [drawing]);
  const groupsOf = (node: DrawnNode): DrawnGroup[] => node.groups.flatMap((id) => groups.get(id) ?? []);

  const pick = (node: DrawnNode | undefined) => {
    setCurrent(node?.id);
    onSelectGroup(node ? nextGroup(node, selectedGroup) : undefined);
  };
  const open = (id: string | undefined) => {
    if (id === undefined) return;
    anchor.current = id;
    onExpand(id);
  };
  const { host, overlay, canvas, layout } = useCanvas(
    { drawing, ribbon, anchor, visible: !asList },
    {
      onPick: pick,
      onOpen: open,
      onPoint: (node, at) => setPointed(node && at ? { node, at } : undefined),
    },
  );

  const lit = highlightedGroup ?? selectedGroup;
  const root = lit === undefined ? undefined : groups.get(lit)?.node;
  useEffect(() => {
    canvas?.light(lit === undefined ? undefined : { group: lit, root });
  }, [canvas, lit, root]);
  useEffect(() => canvas?.plan(planned), [canvas, planned]);
  useEffect(() => canvas?.setCurrent(currentId), [canvas, currentId]);
  const onChosenElsewhere = useRef((_group: string) => {});
  onChosenElsewhere.current = (group) => {
    if (current?.groups.includes(group)) return;
    setCurrent(undefined);
    canvas?.revealLit(groups.get(group)?.node);
  };
  useEffect(() => {
    if (canvas && selectedGroup !== undefined) onChosenElsewhere.current(selectedGroup);
  }, [canvas, selectedGroup]);

  const walkTo = (id: string) => {
    setPointed(undefined);
    setCurrent(id);
    canvas?.reveal(id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const direction = arrows[event.key];
    const key = event.key.toLowerCase();
    if (direction && layout)
      walkTo(current ? step(drawing, layout, current.id, direction) : drawing.nodes[0].id);
    else if (event.key === 'Home') walkTo(drawing.nodes[0].id);
    else if (event.key === 'End') walkTo(drawing.nodes[drawing.nodes.length - 1].id);
    else if (event.key === 'Enter' && current) {
      const isChosen = current.groups.length === 0 || current.groups.includes(selectedGroup ?? '');
      if (isChosen && !event.shiftKey) open(openingOf(current));
      else onSelectGroup(nextGroup(current, selectedGroup));
    } else if (event.key === 'Escape') pick(undefined);
    else if (key === 'f') canvas?.fit();
    else if (key === '/') setFinding(true);
    else if (key === '+' || key === '=') canvas?.zoomBy(1.3);
    else if (key === '-') canvas?.zoomBy(1 / 1.3);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <GraphTools
        drawing={drawing}
        canvas={canvas}
        asList={asList}
        onShape={setAsList}
        finding={finding}
        onFinding={(isFinding) => {
          setFinding(isFinding);
          if (!isFinding) host.current?.focus();
        }}
        onChoose={(node) => {
          if (!asList) host.current?.focus();
          pick(node);
          walkTo(node.id);
        }}
      />
      {asList && (
        <NodeList
          drawing={drawing}
          lit={lit}
          onPick={(node) => pick(node)}
          onOpen={(node) => open(openingOf(node))}
        />
      )}
      <div
        ref={host}
        className="graph-canvas"
        hidden={asList}
        role="application"
        aria-label={`Drawing of the graph: ${plural(drawing.nodes.length, 'node')}. Arrow keys walk along its edges, Enter selects a node's group and then opens the node, slash finds one.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the drawing is operated by keyboard
        tabIndex={0}
        data-own-keys
        onKeyDown={onKeyDown}
      />
      <canvas ref={overlay} className="graph-captions" aria-hidden hidden={asList} />
      <p className="unseen" aria-live="polite">
        {current && saying(current, groupsOf(current))}
      </p>
      {!asList && current && (
        <div className="graph-details">
          <NodeCard
            node={current}
            groups={groupsOf(current)}
            selectedGroup={selectedGroup}
            onSelectGroup={onSelectGroup}
            onOpen={() => open(openingOf(current))}
          />
        </div>
      )}
      {!asList && pointed && pointed.node.id !== currentId && (
        <div className="graph-pointed" style={beside(pointed.at, canvas?.size)}>
          <NodeCard node={pointed.node} groups={groupsOf(pointed.node)} selectedGroup={selectedGroup} />
        </div>
      )}
    </>
  );
}

/** Picking a node again goes on to the next group that it holds. */
function nextGroup({ groups }: DrawnNode, selected: string | undefined): string | undefined {
  const at = selected === undefined ? -1 : groups.indexOf(selected);
  return groups[(at + 1) % Math.max(1, groups.length)];
}

function saying({ name, label, detail, expandable }: DrawnNode, groups: readonly DrawnGroup[]): string {
  const held = groups.map((group) => `group ${group.name}, ${group.units} of ${group.initialUnits}`);
  return [name, label, detail, ...held, expandable ? 'can be opened' : ''].filter(Boolean).join('. ');
}

/** To the right of a node where there is room, else to its left, else below. */
function beside(at: Rect, panel: { readonly width: number; readonly height: number } | undefined) {
  const [width, gap] = [248, 10];
  const room = panel ?? { width: 0, height: 0 };
  const fitsRight = at.x + at.width + gap + width < room.width;
  const x = fitsRight ? at.x + at.width + gap : at.x - gap - width;
  const isBelow = x < 0;
  return {
    left: isBelow ? Math.max(8, Math.min(at.x, room.width - width - 8)) : x,
    top: Math.max(8, Math.min(isBelow ? at.y + at.height + gap : at.y, room.height - 190)),
    width,
  };
}
