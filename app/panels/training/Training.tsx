// Training after a cut. The gate stands on top, open or shut, with its sentence.

import { DoorClosed, DoorOpen, Settings2, Zap } from 'lucide-react';
import { DialogTrigger } from 'react-aria-components';
import { CommandButton } from '../../commands/CommandButton.tsx';
import {
  goOn,
  measure,
  pause,
  reconstruct,
  reestimate,
  resume,
  stop,
  train,
} from '../../commands/training.ts';
import { useApp } from '../../store/store.ts';
import { backendChoices, optimizerChoices } from '../../text/choices.ts';
import { plural } from '../../text/numbers.ts';
import { Button, classes } from '../../widgets/Button.tsx';
import { Sheet } from '../../widgets/Dialog.tsx';
import { Empty } from '../../widgets/Empty.tsx';
import { Running } from './Running.tsx';
import { TrainingOptions } from './TrainingOptions.tsx';
import './training.css';

export function TrainingHead() {
  const model = useApp((state) => state.session?.model);
  if (!model) return null;
  return (
    <DialogTrigger>
      <Button size="s" look="quiet" icon={Settings2}>
        Options
      </Button>
      <Sheet title="How to fine-tune">
        <TrainingOptions />
      </Sheet>
    </DialogTrigger>
  );
}

export function TrainingBody() {
  const model = useApp((state) => state.session?.model);
  const training = useApp((state) => state.training);
  const reviewing = useApp((state) => state.session?.step !== undefined);
  const open = useApp((state) => state.session?.gate.open ?? false);
  if (!model)
    return (
      <Empty icon={Zap} title="Nothing to fine-tune yet">
        A training pass runs after a step that removed something, and only then.
      </Empty>
    );
  return (
    <div className="training">
      <Gate />
      {!model.trainable.ok && <p className="training-note">{model.trainable.why}</p>}
      {training ? <Running run={training} /> : !reviewing && <Plan />}
      {!reviewing && (
        <div className="actions">
          <CommandButton command={train} look={open ? 'primary' : 'plain'} wide keys />
          <CommandButton command={training?.state === 'paused' ? resume : pause} keys />
          <CommandButton command={stop} />
        </div>
      )}
      {!training && !reviewing && <Others />}
    </div>
  );
}

function Gate() {
  const gate = useApp((state) => state.session?.gate);
  if (!gate) return null;
  const Icon = gate.open ? DoorOpen : DoorClosed;
  return (
    <p className={classes('gate', gate.open ? 'open' : 'shut')}>
      <Icon aria-hidden size={15} />
      <span>
        <strong>{gate.open ? 'Open' : 'Shut'}.</strong> {gate.message}
      </span>
    </p>
  );
}

/** What a press on the button would do, in a line. */
function Plan() {
  const { epochs, batchSize, optimizer, learningRate, backend, distil } = useApp(
    (state) => state.trainOptions,
  );
  const interrupted = useApp((state) => state.session?.interrupted);
  const optimizerName = optimizerChoices.find(({ id }) => id === optimizer)?.label ?? optimizer;
  const backendName = backendChoices.find(({ id }) => id === backend)?.label ?? backend;
  return (
    <>
      {interrupted && (
        <p className="training-note interrupted">
          A pass was cut off in epoch {Math.min(interrupted.epoch + 1, interrupted.epochs)} of{' '}
          {interrupted.epochs}. <CommandButton command={goOn} size="s" />
        </p>
      )}
      <p className="training-plan figure">
        {plural(epochs, 'epoch')} · batches of {batchSize} · {optimizerName} at {learningRate}
        {distil && ' · taught by the original'} · {backend === 'auto' ? 'fastest backend' : backendName}
      </p>
    </>
  );
}

/** What else helps after a cut, without a pass. */
function Others() {
  return (
    <div className="training-others">
      <CommandButton command={measure} size="s" look="quiet" />
      <CommandButton command={reestimate} size="s" look="quiet" />
      <CommandButton command={reconstruct} size="s" look="quiet" />
    </div>
  );
}
