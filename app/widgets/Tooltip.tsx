// A tooltip for what has a name but no room to show it.

import type { ReactElement } from 'react';
import { Tooltip, TooltipTrigger } from 'react-aria-components';
import { Keys } from './Keys.tsx';
import './tooltip.css';

interface HintProps {
  readonly text: string;
  readonly keys?: readonly string[];
  readonly children: ReactElement;
}

export function Hint({ text, keys, children }: HintProps) {
  return (
    <TooltipTrigger delay={450} closeDelay={80}>
      {children}
      <Tooltip className="tooltip" offset={6}>
        {text}
        {keys && keys.length > 0 && <Keys keys={keys} />}
      </Tooltip>
    </TooltipTrigger>
  );
}
