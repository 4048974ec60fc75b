// A narrow field that thins out a list; Escape empties it and lets go.

import { Search } from 'lucide-react';
import { Input, SearchField } from 'react-aria-components';
import './filter.css';

interface FilterProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function Filter({ label, value, onChange }: FilterProps) {
  return (
    <SearchField
      aria-label={label}
      className="filter"
      value={value}
      onChange={onChange}
      onKeyDown={(event) => {
        if ((event.key === 'Escape' || event.key === 'Enter') && event.target instanceof HTMLElement)
          event.target.blur();
      }}
    >
      <Search aria-hidden size={13} />
      <Input data-filter placeholder={label} spellCheck={false} autoComplete="off" />
    </SearchField>
  );
}
