// A choice of two or three ways to see the same thing.

import type { LucideIcon } from 'lucide-react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import './segments.css';

interface SegmentsProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly choices: readonly { readonly id: T; readonly label: string; readonly icon?: LucideIcon }[];
}

export function Segments<T extends string>({ label, value, onChange, choices }: SegmentsProps<T>) {
  return (
    <ToggleButtonGroup
      aria-label={label}
      className="segments"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        const [key] = keys;
        if (key !== undefined) onChange(key as T);
      }}
    >
      {choices.map(({ id, label: text, icon: Icon }) => (
        <ToggleButton key={id} id={id} className="segment">
          {Icon && <Icon aria-hidden size={13} />}
          {text}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
