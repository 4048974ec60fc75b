// The examples to train and measure on: how many, of what, and how the network will see them.

import { useEffect, useRef, useState } from 'react';
import type { Answer, DataSample, DataSummary } from '../../../src/workbench/engine.ts';
import { CommandButton } from '../../commands/CommandButton.tsx';
import { ask, generatedData, openData } from '../../commands/model.ts';
import { examplesShown } from '../../store/session.ts';
import { useApp } from '../../store/store.ts';
import { compact, plural } from '../../text/numbers.ts';
import { Fold } from '../../widgets/Fold.tsx';
import { Scroller } from '../../widgets/Scroller.tsx';
import { Normalisation } from './Normalisation.tsx';
import './data.css';

export function DataHead() {
  const hasData = useApp((state) => state.session?.data !== undefined);
  return (
    <>
      {hasData && <CommandButton command={ask} size="s" look="quiet" />}
      <CommandButton command={openData} size="s" look="quiet" iconOnly={hasData} />
    </>
  );
}

export function DataBody() {
  const data = useApp((state) => state.session?.data);
  if (data) return <Loaded data={data} />;
  return (
    <div className="data-none">
      <p>
        Needed to train and to measure, not to prune by weights. Drop IDX, CIFAR, NPY, CSV or images by class.
      </p>
      <CommandButton command={generatedData} size="s" />
    </div>
  );
}

const notesShown = 20;

function Loaded({ data }: { readonly data: DataSummary }) {
  const { train, validation, test } = data.examples;
  const parts = [
    `${compact(train)} to train`,
    validation === undefined ? undefined : `${compact(validation)} to validate`,
    `${compact(test)} to test`,
  ];
  return (
    <div className="data-loaded">
      <p className="data-name">{data.name}</p>
      <p className="data-facts">
        {parts.filter(Boolean).join(' · ')} · {data.dims.join('\u00a0×\u00a0')}
        {data.classes.length > 0 && ` · ${plural(data.classes.length, 'class', 'classes')}`}
      </p>
      <Normalisation data={data} />
      {data.problems && data.problems.length > 0 && (
        <Fold title={plural(data.problems.length, 'note')}>
          <ul className="data-notes">
            {data.problems.slice(0, notesShown).map(({ message, where }) => (
              <li key={`${where} ${message}`}>{message}</li>
            ))}
          </ul>
        </Fold>
      )}
      <Samples key={`${data.name} ${train} ${JSON.stringify(data.normalisation)}`} classes={data.classes} />
    </div>
  );
}

function Samples({ classes }: { readonly classes: readonly string[] }) {
  const sampleData = useApp((state) => state.sampleData);
  const answers = useApp((state) => state.answers);
  const [samples, setSamples] = useState<readonly DataSample[]>([]);
  useEffect(() => {
    let wanted = true;
    // Pictures are a courtesy: data that has none simply shows none.
    sampleData(examplesShown)
      .then((found) => wanted && setSamples(found))
      .catch(() => {});
    return () => {
      wanted = false;
    };
  }, [sampleData]);
  return (
    <>
      {samples.length > 0 && (
        <ul className="data-samples" aria-label="First examples">
          {samples.map((sample, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the examples stand in a fixed order
            <li key={index}>
              <Picture sample={sample} />
              <Verdict sample={sample} answer={answers?.[index]} />
            </li>
          ))}
        </ul>
      )}
      {answers && <Outputs answers={answers} classes={classes} />}
    </>
  );
}

/** The label, and what the network takes it for. */
function Verdict({ sample, answer }: { readonly sample: DataSample; readonly answer: Answer | undefined }) {
  if (answer?.label === undefined || answer.right === undefined) return <span>{sample.label}</span>;
  return (
    <span
      className={answer.right ? 'data-right' : 'data-wrong'}
      title={
        answer.right ? 'The network says so too' : `It is ${sample.label}; the network says ${answer.label}`
      }
    >
      {answer.right ? sample.label : `${sample.label} → ${answer.label}`}
    </span>
  );
}

const columnsShown = 20;

/** The network's outputs as it gives them, six digits each. */
function Outputs({
  answers,
  classes,
}: {
  readonly answers: readonly Answer[];
  readonly classes: readonly string[];
}) {
  const width = Math.min(columnsShown, answers[0]?.outputs.length ?? 0);
  const columns = Array.from({ length: width }, (_, i) => classes[i] ?? String(i));
  return (
    <Fold title="Outputs of the network">
      <Scroller className="data-outputs">
        <table className="figure" aria-label="Outputs of the network">
          <thead>
            <tr>
              <th scope="col">Example</th>
              {columns.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {answers.map(({ outputs }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the examples stand in a fixed order
              <tr key={index}>
                <th scope="row">{index + 1}</th>
                {columns.map((name, column) => (
                  <td key={name}>{outputs[column].toPrecision(6)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </Fold>
  );
}

function Picture({ sample: { width, height, bytes, label } }: { readonly sample: DataSample }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const image = new ImageData(new Uint8ClampedArray(bytes), width, height);
    canvas.current?.getContext('2d')?.putImageData(image, 0, 0);
  }, [bytes, width, height]);
  return (
    <canvas
      ref={canvas}
      width={width}
      height={height}
      role="img"
      aria-label={`Example of ${label ?? 'the data'}`}
    />
  );
}
