import { Database } from 'lucide-react';
import type { Panel } from '../panel.ts';
import { DataBody, DataHead } from './Data.tsx';

export const data: Panel = {
  id: 'data',
  title: 'Data',
  icon: Database,
  place: 'left',
  order: 3,
  applies: ({ session }) => (session?.model ?? session?.data) !== undefined,
  Head: DataHead,
  Body: DataBody,
};
