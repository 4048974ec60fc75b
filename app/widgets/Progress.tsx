// A bar for work under way; without a value it only says that something goes on.

import { ProgressBar } from 'react-aria-components';
import './progress.css';

interface ProgressProps {
  readonly label: string;
  /** 0 to 1; absent when nobody knows. */
  readonly value?: number;
}

export function Progress({ label, value }: ProgressProps) {
  return (
    <ProgressBar
      aria-label={label}
      className="progress"
      isIndeterminate={value === undefined}
      value={(value ?? 0) * 100}
    >
      {({ percentage, isIndeterminate }) => (
        <div
          className={isIndeterminate ? 'progress-fill unknown' : 'progress-fill'}
          style={isIndeterminate ? {} : { width: `${percentage}%` }}
        />
      )}
    </ProgressBar>
  );
}
