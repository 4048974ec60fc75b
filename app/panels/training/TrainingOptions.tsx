// How a training pass goes.

import { useApp } from '../../store/store.ts';
import { backendChoices, optimizerChoices } from '../../text/choices.ts';
import { NumberField, SelectField } from '../../widgets/Fields.tsx';
import { Toggle } from '../../widgets/Toggle.tsx';
import { MoreTraining } from './MoreTraining.tsx';

export function TrainingOptions() {
  const options = useApp((state) => state.trainOptions);
  const change = useApp((state) => state.setTrainOptions);
  return (
    <div className="training-options">
      <div className="plan-row">
        <NumberField
          label="Epochs"
          value={options.epochs}
          onChange={(epochs) => change({ epochs })}
          min={1}
          max={1000}
        />
        <NumberField
          label="Batch size"
          value={options.batchSize}
          onChange={(batchSize) => change({ batchSize })}
          min={1}
          max={4096}
        />
        <SelectField
          label="Optimiser"
          value={options.optimizer}
          onChange={(optimizer) => change({ optimizer })}
          choices={optimizerChoices}
        />
        <NumberField
          label="Learning rate"
          value={options.learningRate}
          onChange={(learningRate) => change({ learningRate })}
          min={0}
          step={0.0001}
          format={{ maximumSignificantDigits: 4 }}
        />
      </div>
      <SelectField
        label="Run on"
        value={options.backend}
        onChange={(backend) => change({ backend })}
        choices={backendChoices}
      />
      <Toggle
        label="Learn from the original"
        about="Its answers are the target (distillation); labels are used too where there are any."
        value={options.distil !== undefined}
        onChange={(on) => change({ distil: on ? {} : undefined })}
      />
      {options.distil && (
        <div className="plan-row">
          <NumberField
            label="Temperature"
            value={options.distil.temperature ?? 4}
            onChange={(temperature) => change({ distil: { ...options.distil, temperature } })}
            min={1}
          />
          <Toggle
            label="Labels too"
            value={options.distil.labels ?? true}
            onChange={(labels) => change({ distil: { ...options.distil, labels } })}
          />
          <Toggle
            label="Where it looks, too"
            value={options.distil.features ?? false}
            onChange={(features) => change({ distil: { ...options.distil, features } })}
          />
        </div>
      )}
      <Toggle
        label="Also before any step"
        about="Fine-tune a model that nothing was cut from. A step that removed nothing still shuts the gate."
        value={options.unpruned ?? false}
        onChange={(unpruned) => change({ unpruned: unpruned || undefined })}
      />
      <MoreTraining options={options} change={change} />
    </div>
  );
}
