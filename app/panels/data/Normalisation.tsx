// Mean and deviation that the network expects its input to be normalised with: from the model's notes, or by hand.

import { SlidersHorizontal } from 'lucide-react';
import { useState } from 'react';
import { DialogTrigger } from 'react-aria-components';
import type { DataSummary } from '../../../src/workbench/engine.ts';
import { whenIdle } from '../../commands/command.ts';
import { useApp } from '../../store/store.ts';
import { Button, IconButton } from '../../widgets/Button.tsx';
import { Sheet } from '../../widgets/Dialog.tsx';
import { TextField } from '../../widgets/Fields.tsx';

export function Normalisation({ data }: { readonly data: DataSummary }) {
  const why = useApp(whenIdle);
  const { normalisation } = data;
  return (
    <p className="data-normalisation figure">
      <span>
        {normalisation
          ? `Mean ${listed(normalisation.mean)}; deviation ${listed(normalisation.deviation)}`
          : 'Values from 0 to 1, not normalised'}
      </span>
      <DialogTrigger>
        <IconButton icon={SlidersHorizontal} size="s" label="Normalisation" isDisabled={why !== undefined} />
        <Sheet title="What the network expects">{(close) => <Form data={data} onDone={close} />}</Sheet>
      </DialogTrigger>
    </p>
  );
}

function Form({ data, onDone }: { readonly data: DataSummary; readonly onDone: () => void }) {
  const normaliseData = useApp((state) => state.normaliseData);
  const [mean, setMean] = useState(listed(data.normalisation?.mean ?? []));
  const [deviation, setDeviation] = useState(listed(data.normalisation?.deviation ?? []));
  const wanted = { mean: numbers(mean), deviation: numbers(deviation) };
  const isWhole =
    wanted.mean.length > 0 &&
    wanted.mean.length === wanted.deviation.length &&
    wanted.deviation.every((value) => value > 0);
  const use = (normalisation: DataSummary['normalisation']) => {
    onDone();
    void normaliseData(normalisation);
  };
  return (
    <div className="data-form">
      <TextField
        label="Mean"
        about="Of values from 0 to 1, one number or one for each channel."
        value={mean}
        onChange={setMean}
        placeholder="0.485, 0.456, 0.406"
        code
      />
      <TextField
        label="Deviation"
        value={deviation}
        onChange={setDeviation}
        placeholder="0.229, 0.224, 0.225"
        code
      />
      <div className="actions">
        <Button look="primary" isDisabled={!isWhole} onPress={() => use(wanted)}>
          Use these
        </Button>
        <Button look="quiet" onPress={() => use(undefined)}>
          As the model says
        </Button>
      </div>
    </div>
  );
}

const listed = (values: readonly number[]): string => values.map((value) => +value.toFixed(4)).join(', ');

/** None at all where one of them is no number. */
function numbers(text: string): number[] {
  const found = text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number);
  return found.every(Number.isFinite) ? found : [];
}
