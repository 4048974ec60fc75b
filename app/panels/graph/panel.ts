import { Waypoints } from 'lucide-react';
import type { Panel } from '../panel.ts';
import { GraphBody } from './Graph.tsx';

export const graph: Panel = {
  id: 'graph',
  title: 'Dependency graph',
  short: 'Graph',
  icon: Waypoints,
  place: 'centre',
  grows: 5,
  order: 1,
  applies: () => true,
  Body: GraphBody,
};
