// What a panel says about itself; the shell arranges whatever declares that it applies.

import type { LucideIcon } from 'lucide-react';
import type { ComponentType } from 'react';
import type { AppState } from '../store/state.ts';

export interface Panel {
  readonly id: string;
  /** The region's accessible name. */
  readonly title: string;
  readonly icon: LucideIcon;
  readonly place: 'left' | 'centre' | 'right';
  /** Whether it takes the room that is left, and how much beside others that do. */
  readonly grows?: number;
  /** Where it stands in the one column of a small screen. */
  readonly order: number;
  /** Its name in the bar that small screens have; absent: it is reached with the panel before it. */
  readonly short?: string;
  readonly applies: (state: AppState) => boolean;
  /** Right of the title. */
  readonly Head?: ComponentType;
  readonly Body: ComponentType;
}
