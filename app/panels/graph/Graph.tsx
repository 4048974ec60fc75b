// The network as a picture, with the group in hand lit along its coupling; before there is one, the way in.

import { FileDown, ListChecks, Scissors, Zap } from 'lucide-react';
import { lazy, Suspense, useMemo } from 'react';
import { CommandButton } from '../../commands/CommandButton.tsx';
import { openModel, trySample } from '../../commands/model.ts';
import { plannedBy } from '../../graph-view/planned.ts';
import { currentCandidate } from '../../store/review.ts';
import { useApp } from '../../store/store.ts';
import { Empty } from '../../widgets/Empty.tsx';
import { Progress } from '../../widgets/Progress.tsx';
import './graph.css';

const GraphView = lazy(() =>
  import('../../graph-view/GraphView.tsx').then(({ GraphView }) => ({ default: GraphView })),
);

export function GraphBody() {
  const hasModel = useApp((state) => state.session?.model !== undefined);
  const work = useApp((state) => state.work);
  if (hasModel)
    return (
      <Suspense fallback={<Waiting text="Loading the graph" />}>
        <Picture />
      </Suspense>
    );
  return work ? <Waiting text={work} /> : <Welcome />;
}

function Picture() {
  const drawing = useApp((state) => state.drawing);
  const pending = useApp((state) => state.drawingPending);
  const pointed = useApp((state) => state.pointedGroup);
  const inHand = useApp((state) => currentCandidate(state)?.group);
  const selected = useApp((state) => state.selectedGroup);
  const selectGroup = useApp((state) => state.selectGroup);
  const toggleExpanded = useApp((state) => state.toggleExpanded);
  const candidates = useApp((state) => state.session?.step?.candidates);
  const planned = useMemo(() => plannedBy(candidates ?? []), [candidates]);
  return (
    <GraphView
      drawing={drawing}
      highlightedGroup={pointed ?? selected ?? inHand}
      selectedGroup={selected}
      onSelectGroup={selectGroup}
      onExpand={toggleExpanded}
      loading={pending}
      planned={planned}
    />
  );
}

function Waiting({ text }: { readonly text: string }) {
  return (
    <div className="graph-wait">
      <p>{text}…</p>
      <Progress label={text} />
    </div>
  );
}

const journey = [
  { icon: ListChecks, text: 'See which channels hang together, and decide group by group what may go.' },
  { icon: Scissors, text: 'Cut once. The step says what it removed, or why it removed nothing.' },
  {
    icon: Zap,
    text: 'Train only if something was cut, here on your own GPU, and take the smaller file home.',
  },
];

function Welcome() {
  const started = useApp((state) => state.session !== undefined);
  if (!started) return <Waiting text="Starting the engine" />;
  return (
    <div className="welcome">
      <Empty icon={FileDown} title="Drop a model anywhere in this window">
        An ONNX file, with the files of its weights if it has any. It stays on this computer.
      </Empty>
      <div className="welcome-actions">
        <CommandButton command={openModel} look="primary" />
        <CommandButton command={trySample} />
      </div>
      <ol className="journey">
        {journey.map(({ icon: Icon, text }) => (
          <li key={text}>
            <Icon aria-hidden size={16} strokeWidth={1.7} />
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
