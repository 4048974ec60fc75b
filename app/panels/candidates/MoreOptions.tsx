// Options that most people leave as they are.

import { useState } from 'react';
import { useApp } from '../../store/store.ts';
import {
  attentionChoices,
  attentionOf,
  attentionOptions,
  criterionNeedsData,
  normalizerChoices,
  reductionChoices,
  scheduleChoices,
} from '../../text/choices.ts';
import { parseRatios, printRatios } from '../../text/ratios.ts';
import { Button } from '../../widgets/Button.tsx';
import { NumberField, SelectField, TextField } from '../../widgets/Fields.tsx';
import { Toggle } from '../../widgets/Toggle.tsx';
import type { OptionsProps } from './StepPlan.tsx';

export function MoreOptions({ options, change }: OptionsProps) {
  const reset = useApp((state) => state.resetStepOptions);
  return (
    <div className="plan-more">
      <div className="plan-row">
        <SelectField
          label="Members of a group"
          value={options.reduction}
          onChange={(reduction) => change({ reduction })}
          choices={reductionChoices}
        />
        <SelectField
          label="Scores divided by"
          value={options.normalizer}
          onChange={(normalizer) => change({ normalizer })}
          choices={normalizerChoices}
        />
      </div>
      <div className="plan-row">
        <NumberField
          label="A layer loses at most"
          value={options.maxRatio}
          onChange={(maxRatio) => change({ maxRatio })}
          min={0}
          max={1}
          step={0.05}
          format={{ style: 'percent' }}
        />
        <NumberField
          label="Round widths to"
          value={options.roundTo}
          onChange={(roundTo) => change({ roundTo })}
          min={1}
          max={256}
        />
      </div>
      <div className="plan-row">
        <NumberField
          label="Narrowest layer"
          value={options.minWidth ?? 1}
          onChange={(minWidth) => change({ minWidth: minWidth > 1 ? minWidth : undefined })}
          min={1}
        />
        <SelectField
          label="From attention"
          value={attentionOf(options)}
          onChange={(choice) => change(attentionOptions(choice))}
          choices={attentionChoices}
        />
      </div>
      <div className="plan-row">
        <SelectField
          label="Over the steps"
          value={options.schedule ?? 'linear'}
          onChange={(schedule) => change({ schedule })}
          choices={scheduleChoices}
        />
        <NumberField label="Seed" value={options.seed} onChange={(seed) => change({ seed })} min={0} />
      </div>
      <Names options={options} change={change} />
      {criterionNeedsData(options.criterion) && (
        <NumberField
          label="Examples to look at"
          value={options.calibration ?? 256}
          onChange={(calibration) => change({ calibration })}
          min={1}
        />
      )}
      <Toggle
        label="Whole channel groups"
        about="Offer the groups of grouped convolutions as wholes."
        value={options.channelGroups ?? false}
        onChange={(channelGroups) => change({ channelGroups })}
      />
      <Button size="s" look="quiet" onPress={reset}>
        Back to the defaults
      </Button>
    </div>
  );
}

/** Written freely, taken over when the field is left. */
function Names({ options, change }: OptionsProps) {
  const [ratios, setRatios] = useState(() => printRatios(options.layerRatios));
  return (
    <>
      <TextField
        label="Never touch"
        about="Layers or tensors by name, * for anything; one a line."
        value={options.ignore.join('\n')}
        onChange={(text) =>
          change({ ignore: text.split('\n').filter((line, at, all) => line || at === all.length - 1) })
        }
        placeholder="head.*"
        code
        lines={2}
      />
      <TextField
        label="Ratios of their own"
        about="name = ratio, one a line."
        value={ratios}
        onChange={(text) => {
          setRatios(text);
          change({ layerRatios: parseRatios(text) });
        }}
        placeholder="layer1.* = 0.2"
        code
        lines={2}
      />
    </>
  );
}
