import { Boxes } from 'lucide-react';
import type { Panel } from '../panel.ts';
import { ModelBody, ModelHead } from './Model.tsx';

export const model: Panel = {
  id: 'model',
  title: 'Model',
  short: 'Model',
  icon: Boxes,
  place: 'left',
  grows: 3,
  order: 2,
  applies: () => true,
  Head: ModelHead,
  Body: ModelBody,
};
