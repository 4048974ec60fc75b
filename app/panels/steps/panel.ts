import { History } from 'lucide-react';
import type { Panel } from '../panel.ts';
import { StepsBody, StepsHead } from './Steps.tsx';

export const steps: Panel = {
  id: 'steps',
  title: 'Steps',
  short: 'Steps',
  icon: History,
  place: 'left',
  grows: 2.2,
  order: 7,
  applies: () => true,
  Head: StepsHead,
  Body: StepsBody,
};
