// The model as it is: what it costs now and did at first, what it takes and gives, its groups, and what to know before
// starting.

import { Boxes, Info, TriangleAlert } from 'lucide-react';
import type { ModelSummary, ValueSummary } from '../../../src/workbench/engine.ts';
import { useApp } from '../../store/store.ts';
import { exact, plural } from '../../text/numbers.ts';
import { Empty } from '../../widgets/Empty.tsx';
import { Fold } from '../../widgets/Fold.tsx';
import { Figures } from './Figures.tsx';
import { Groups } from './Groups.tsx';
import './model.css';

export function ModelHead() {
  const model = useApp((state) => state.session?.model);
  return model ? <span className="chip">{model.format}</span> : null;
}

export function ModelBody() {
  const model = useApp((state) => state.session?.model);
  const work = useApp((state) => state.work);
  if (!model)
    return (
      <Empty icon={Boxes} title={work ? `${work}…` : 'No model yet'}>
        {work ? undefined : 'Its layers, groups and costs will stand here.'}
      </Empty>
    );
  return (
    <>
      <div className="model-top">
        <Figures model={model} />
        <Trainable model={model} />
        <About model={model} />
      </div>
      <Groups groups={model.groups} />
    </>
  );
}

/** Pre-flight honesty: whether it can be trained here. */
function Trainable({ model: { trainable } }: { readonly model: ModelSummary }) {
  if (trainable.ok) return null;
  return (
    <p className="model-note">
      <TriangleAlert aria-hidden size={13} /> {trainable.why}
    </p>
  );
}

const notesShown = 50;

/** What goes in and comes out, and what was noticed while reading. */
function About({ model }: { readonly model: ModelSummary }) {
  const { nodes, inputs, outputs, problems } = model;
  const title = [
    plural(nodes, 'operator'),
    plural(inputs.length, 'input'),
    plural(outputs.length, 'output'),
    problems.length > 0 && plural(problems.length, 'note'),
  ];
  return (
    <Fold title={title.filter(Boolean).join(', ')}>
      <div className="model-about">
        <dl className="model-values">
          {inputs.map((value) => (
            <Value key={value.name} way="→" value={value} />
          ))}
          {outputs.map((value) => (
            <Value key={value.name} way="←" value={value} />
          ))}
        </dl>
        <ul className="model-notes">
          {problems.slice(0, notesShown).map(({ code, where, message }) => (
            <li key={`${code} ${where} ${message}`} className="model-note">
              <Info aria-hidden size={13} />
              <span>
                {message} {where && <span className="code">{where}</span>}
              </span>
            </li>
          ))}
          {problems.length > notesShown && <li>and {exact(problems.length - notesShown)} more</li>}
        </ul>
      </div>
    </Fold>
  );
}

function Value({ way, value }: { readonly way: string; readonly value: ValueSummary }) {
  return (
    <div>
      <dt className="code">
        {way} {value.name}
      </dt>
      <dd className="code">
        {value.dtype} [{value.dims.join(', ')}]
      </dd>
    </div>
  );
}
