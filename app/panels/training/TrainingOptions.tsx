// How a training pass goes.

import { useApp } from '../../store/store.ts';
import { backendChoices, optimizerChoices, rateChoices, rateSchedule } from '../../text/choices.ts';
import { NumberField, SelectField } from '../../widgets/Fields.tsx';
import { Fold } from '../../widgets/Fold.tsx';
import { Toggle } from '../../widgets/Toggle.tsx';

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
      <Toggle
        label="Also before any step"
        about="Fine-tune a model that nothing was cut from. A step that removed nothing still shuts the gate."
        value={options.unpruned ?? false}
        onChange={(unpruned) => change({ unpruned: unpruned || undefined })}
      />
      <Fold title="More options">
        <div className="plan-row">
          <SelectField
            label="Rate over time"
            value={options.schedule?.name ?? 'cosine'}
            onChange={(name) => change({ schedule: rateSchedule(name) })}
            choices={rateChoices}
          />
          <NumberField
            label="Weight decay"
            value={options.weightDecay ?? 0}
            onChange={(weightDecay) => change({ weightDecay })}
            min={0}
            step={0.0001}
            format={{ maximumSignificantDigits: 4 }}
          />
          <NumberField
            label="Label smoothing"
            value={options.labelSmoothing ?? 0}
            onChange={(labelSmoothing) => change({ labelSmoothing })}
            min={0}
            max={0.5}
            step={0.05}
          />
          <NumberField
            label="Patience, epochs"
            value={options.patience ?? 0}
            onChange={(patience) => change({ patience })}
            min={0}
          />
          <NumberField label="Seed" value={options.seed} onChange={(seed) => change({ seed })} min={0} />
        </div>
      </Fold>
    </div>
  );
}
