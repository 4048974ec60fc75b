import { ChartLine } from 'lucide-react';
import type { Panel } from '../panel.ts';
import { ChartsBody } from './Charts.tsx';

export const charts: Panel = {
  id: 'charts',
  title: 'Charts',
  short: 'Charts',
  icon: ChartLine,
  place: 'centre',
  grows: 3,
  order: 6,
  applies: () => true,
  Body: ChartsBody,
};
