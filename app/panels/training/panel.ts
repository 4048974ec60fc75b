import { Zap } from 'lucide-react';
import type { Panel } from '../panel.ts';
import { TrainingBody, TrainingHead } from './Training.tsx';

export const training: Panel = {
  id: 'training',
  title: 'Training',
  short: 'Train',
  icon: Zap,
  place: 'right',
  order: 5,
  applies: () => true,
  Head: TrainingHead,
  Body: TrainingBody,
};
