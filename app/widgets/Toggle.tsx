// On or off, with a sentence on what it does.

import { type ReactNode, useId } from 'react';
import { Switch } from 'react-aria-components';
import './toggle.css';

interface ToggleProps {
  readonly label: string;
  readonly about?: ReactNode;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}

export function Toggle({ label, about, value, onChange }: ToggleProps) {
  const id = useId();
  return (
    <div className="toggle">
      <Switch
        className="toggle-switch"
        isSelected={value}
        onChange={onChange}
        aria-describedby={about ? id : undefined}
      >
        <span className="toggle-track">
          <span className="toggle-thumb" />
        </span>
        {label}
      </Switch>
      {about && (
        <p className="about" id={id}>
          {about}
        </p>
      )}
    </div>
  );
}
