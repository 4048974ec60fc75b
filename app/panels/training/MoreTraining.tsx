// Options of a training pass that most people leave as they are.

import { augmentations } from '../../../src/training/augmentations/augmentations.ts';
import type { TrainOptions } from '../../../src/workbench/engine.ts';
import { penaltyChoices, rateChoices, rateSchedule } from '../../text/choices.ts';
import { NumberField, SelectField, TextField } from '../../widgets/Fields.tsx';
import { Fold } from '../../widgets/Fold.tsx';
import { Toggle } from '../../widgets/Toggle.tsx';

export interface TrainOptionsProps {
  readonly options: TrainOptions;
  readonly change: (part: Partial<TrainOptions>) => void;
}

export function MoreTraining(props: TrainOptionsProps) {
  return (
    <div>
      <Fold title="How it learns">
        <Learning {...props} />
      </Fold>
      <Fold title="Changed pictures">
        <Augmentations {...props} />
      </Fold>
      <Fold title="Towards sparse channels">
        <Sparse {...props} />
      </Fold>
    </div>
  );
}

function Learning({ options, change }: TrainOptionsProps) {
  return (
    <div className="training-options">
      <div className="plan-row">
        <SelectField
          label="Rate over time"
          value={options.schedule?.name ?? 'cosine'}
          onChange={(name) => change({ schedule: rateSchedule(name) })}
          choices={rateChoices}
        />
        <NumberField
          label="Warm-up, epochs"
          value={options.warmUp ?? 0}
          onChange={(warmUp) => change({ warmUp })}
          min={0}
          step={0.5}
        />
        <NumberField
          label="Weight decay"
          value={options.weightDecay ?? 0.0001}
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
          label="Clip gradients at"
          value={options.clipNorm ?? 0}
          onChange={(clipNorm) => change({ clipNorm })}
          min={0}
          step={0.5}
        />
        <NumberField
          label="Patience, epochs"
          value={options.patience ?? 0}
          onChange={(patience) => change({ patience })}
          min={0}
        />
        <NumberField
          label="Examples to measure"
          value={options.testExamples ?? 500}
          onChange={(count) => change({ testExamples: count, validationExamples: count })}
          min={0}
          step={100}
        />
        <NumberField label="Seed" value={options.seed} onChange={(seed) => change({ seed })} min={0} />
      </div>
      <Toggle
        label="Keep the best epoch"
        value={options.keepBest ?? options.sparse === undefined}
        onChange={(keepBest) => change({ keepBest })}
      />
      <TextField
        label="Frozen layers"
        about="By name, * for anything; one a line."
        value={(options.frozen ?? []).join('\n')}
        onChange={(text) => change({ frozen: text === '' ? undefined : text.split('\n') })}
        code
        lines={2}
      />
    </div>
  );
}

function Augmentations({ options: { augment = [] }, change }: TrainOptionsProps) {
  return (
    <div className="training-options">
      {augmentations.map(({ name, title }) => (
        <Toggle
          key={name}
          label={title}
          value={augment.includes(name)}
          onChange={(on) => {
            const wanted = augmentations.filter((kind) =>
              kind.name === name ? on : augment.includes(kind.name),
            );
            change({ augment: wanted.map((kind) => kind.name) });
          }}
        />
      ))}
    </div>
  );
}

const chosenPenalty = (name: string | undefined) =>
  penaltyChoices.find(({ id }) => id === name)?.id ?? 'none';

function Sparse({ options: { sparse }, change }: TrainOptionsProps) {
  return (
    <div className="plan-row">
      <SelectField
        label="Pull"
        value={chosenPenalty(sparse?.name)}
        onChange={(name) =>
          change({ sparse: name === 'none' ? undefined : { name, strength: sparse?.strength ?? 0.0001 } })
        }
        choices={penaltyChoices}
      />
      {sparse && (
        <NumberField
          label="Strength"
          value={sparse.strength}
          onChange={(strength) => change({ sparse: { ...sparse, strength } })}
          min={0}
          step={0.0001}
          format={{ maximumSignificantDigits: 4 }}
        />
      )}
    </div>
  );
}
