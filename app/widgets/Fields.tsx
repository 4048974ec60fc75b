// Form fields: a label, a control, and a sentence on what it does.

import { Check, ChevronDown, Minus, Plus } from 'lucide-react';
import { type ReactNode, useId } from 'react';
import {
  NumberField as AriaNumberField,
  TextField as AriaTextField,
  Button,
  FieldError,
  Group,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Select,
  SelectValue,
  Slider,
  SliderThumb,
  SliderTrack,
  Text,
  TextArea,
} from 'react-aria-components';
import './fields.css';

interface FieldProps {
  readonly label: string;
  readonly about?: ReactNode;
}

interface NumberFieldProps extends FieldProps {
  readonly value: number;
  readonly onChange: (value: number) => void;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  readonly format?: Intl.NumberFormatOptions;
}

export function NumberField({ label, about, value, onChange, min, max, step, format }: NumberFieldProps) {
  return (
    <AriaNumberField
      className="field"
      value={value}
      onChange={(next) => Number.isFinite(next) && onChange(next)}
      minValue={min}
      maxValue={max}
      step={step}
      formatOptions={format}
    >
      <Label>{label}</Label>
      <Group className="number-field">
        <Input className="input figure" />
        <Button slot="decrement" className="stepper">
          <Minus aria-hidden size={12} />
        </Button>
        <Button slot="increment" className="stepper">
          <Plus aria-hidden size={12} />
        </Button>
      </Group>
      {about && (
        <Text slot="description" className="about">
          {about}
        </Text>
      )}
      <FieldError className="field-error" />
    </AriaNumberField>
  );
}

interface SliderFieldProps extends FieldProps {
  readonly value: number;
  readonly onChange: (value: number) => void;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly show: (value: number) => string;
}

export function SliderField({ label, about, value, onChange, min, max, step, show }: SliderFieldProps) {
  const describedBy = useId();
  return (
    <Slider
      className="field slider"
      value={value}
      onChange={onChange}
      minValue={min}
      maxValue={max}
      step={step}
      formatOptions={{ style: 'percent' }}
    >
      <div className="slider-head">
        <Label>{label}</Label>
        <span className="slider-value figure">{show(value)}</span>
      </div>
      <SliderTrack className="slider-track">
        {({ state }) => (
          <>
            <div className="slider-fill" style={{ width: `${state.getThumbPercent(0) * 100}%` }} />
            <SliderThumb className="slider-thumb" aria-describedby={describedBy} />
          </>
        )}
      </SliderTrack>
      {about && (
        <p className="about" id={describedBy}>
          {about}
        </p>
      )}
    </Slider>
  );
}

export interface Choice<T extends string> {
  readonly id: T;
  readonly label: string;
  readonly about?: string;
}

interface SelectFieldProps<T extends string> extends FieldProps {
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly choices: readonly Choice<T>[];
}

/** The chosen entry's own sentence stands below it, so that a person learns by choosing. */
export function SelectField<T extends string>({
  label,
  about,
  value,
  onChange,
  choices,
}: SelectFieldProps<T>) {
  const chosen = choices.find(({ id }) => id === value);
  return (
    <Select className="field" selectedKey={value} onSelectionChange={(key) => onChange(key as T)}>
      <Label>{label}</Label>
      <Button className="input select-button">
        <SelectValue>{chosen?.label ?? value}</SelectValue>
        <ChevronDown aria-hidden size={14} />
      </Button>
      {(about ?? chosen?.about) && (
        <Text slot="description" className="about">
          {about ?? chosen?.about}
        </Text>
      )}
      <Popover className="popover" offset={4}>
        <ListBox className="list-box" items={choices}>
          {(choice) => (
            <ListBoxItem id={choice.id} textValue={choice.label} className="list-box-item">
              <Check aria-hidden size={14} className="list-box-check" />
              <Text slot="label">{choice.label}</Text>
              {choice.about && (
                <Text slot="description" className="about">
                  {choice.about}
                </Text>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}

interface TextFieldProps extends FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  readonly code?: boolean;
  readonly lines?: number;
}

export function TextField({ label, about, value, onChange, placeholder, code, lines }: TextFieldProps) {
  const className = code ? 'input code' : 'input';
  return (
    <AriaTextField className="field" value={value} onChange={onChange}>
      <Label>{label}</Label>
      {lines ? (
        <TextArea className={className} rows={lines} placeholder={placeholder} spellCheck={false} />
      ) : (
        <Input className={className} placeholder={placeholder} spellCheck={false} autoComplete="off" />
      )}
      {about && (
        <Text slot="description" className="about">
          {about}
        </Text>
      )}
    </AriaTextField>
  );
}
