// The examples to train and measure on: how many, of what, and how the network will see them.

import { useEffect, useRef, useState } from 'react';
import type { DataSample, DataSummary } from '../../../src/workbench/engine.ts';
import { CommandButton } from '../../commands/CommandButton.tsx';
import { generatedData, openData } from '../../commands/model.ts';
import { useApp } from '../../store/store.ts';
import { compact, plural } from '../../text/numbers.ts';
import './data.css';

export function DataHead() {
  return <CommandButton command={openData} size="s" look="quiet" />;
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
        {parts.filter(Boolean).join(' · ')} · {data.dims.join(' × ')}
        {data.classes.length > 0 && ` · ${plural(data.classes.length, 'class', 'classes')}`}
      </p>
      <Samples key={`${data.name} ${train}`} />
    </div>
  );
}

const shown = 8;

function Samples() {
  const sampleData = useApp((state) => state.sampleData);
  const [samples, setSamples] = useState<readonly DataSample[]>([]);
  useEffect(() => {
    let wanted = true;
    // Pictures are a courtesy: data that has none simply shows none.
    sampleData(shown)
      .then((found) => wanted && setSamples(found))
      .catch(() => {});
    return () => {
      wanted = false;
    };
  }, [sampleData]);
  if (samples.length === 0) return null;
  return (
    <ul className="data-samples" aria-label="First examples">
      {samples.map((sample, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the examples stand in a fixed order
        <li key={index}>
          <Picture sample={sample} />
          <span>{sample.label}</span>
        </li>
      ))}
    </ul>
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
