// How the next step looks for what could go: how much, over how many steps, ranked how.

import { CircleCheck } from 'lucide-react';
import type { StepOptions } from '../../../src/workbench/engine.ts';
import { CommandButton } from '../../commands/CommandButton.tsx';
import { startStep } from '../../commands/review.ts';
import { lineage } from '../../log/lineage.ts';
import { useApp } from '../../store/store.ts';
import {
  criterionChoices,
  criterionDefaults,
  criterionNeedsData,
  type Goal,
  goalChoices,
  scopeChoices,
} from '../../text/choices.ts';
import { percent } from '../../text/numbers.ts';
import { NumberField, SelectField, SliderField } from '../../widgets/Fields.tsx';
import { Fold } from '../../widgets/Fold.tsx';
import { Segments } from '../../widgets/Segments.tsx';
import { MoreOptions } from './MoreOptions.tsx';
import { Rejected } from './Rejected.tsx';

export function StepPlan() {
  const options = useApp((state) => state.stepOptions);
  const change = useApp((state) => state.setStepOptions);
  return (
    <>
      <div className="plan">
        <HowMuch options={options} change={change} />
        <div className="plan-row">
          <NumberField
            label="In steps"
            value={options.steps}
            onChange={(steps) => change({ steps })}
            min={1}
            max={50}
          />
          <SelectField
            label="Ranked"
            value={options.scope}
            onChange={(scope) => change({ scope })}
            choices={scopeChoices}
          />
        </div>
        <SelectField
          label="By"
          value={options.criterion}
          onChange={(name) => change(criterionDefaults(name))}
          choices={criterionChoices}
        />
        <NeedsData criterion={options.criterion} />
        <Fold title="More options">
          <MoreOptions options={options} change={change} />
        </Fold>
        <Rejected />
      </div>
      <div className="plan-foot">
        <NextStep options={options} />
        <CommandButton command={startStep} look="primary" wide />
      </div>
    </>
  );
}

export interface OptionsProps {
  readonly options: StepOptions;
  readonly change: (part: Partial<StepOptions>) => void;
}

function HowMuch({ options: { ratio, target }, change }: OptionsProps) {
  const goal: Goal = target?.of ?? 'channels';
  const share = target ? 1 - target.keep : ratio;
  const setShare = (next: number, of: Goal) =>
    change(of === 'channels' ? { ratio: next, target: undefined } : { target: { of, keep: 1 - next } });
  return (
    <div className="how-much">
      <SliderField
        label="How much should go"
        value={share}
        onChange={(next) => setShare(next, goal)}
        min={0}
        max={0.95}
        step={0.05}
        show={percent}
      />
      <div className="how-much-of">
        <span>of the</span>
        <Segments
          label="Measured in"
          value={goal}
          onChange={(of) => setShare(share, of)}
          choices={goalChoices}
        />
      </div>
    </div>
  );
}

function NeedsData({ criterion }: { readonly criterion: string }) {
  const data = useApp((state) => state.session?.data);
  if (!criterionNeedsData(criterion) || data) return null;
  return <p className="plan-warning">This criterion looks at examples: open data first.</p>;
}

/** Where the coming step stands in the schedule. */
function NextStep({ options: { steps } }: { readonly options: StepOptions }) {
  const done = useApp(
    (state) => lineage(state.session?.log ?? []).filter(({ kind }) => kind === 'step').length,
  );
  if (done === 0) return null;
  return (
    <p className="plan-next">
      <CircleCheck aria-hidden size={13} /> {Math.min(done, steps)} of {steps} steps made
    </p>
  );
}
