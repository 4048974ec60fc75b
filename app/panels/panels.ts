// Every panel, in reading order within its place.

import { candidates } from './candidates/panel.ts';
import { charts } from './charts/panel.ts';
import { data } from './data/panel.ts';
import { graph } from './graph/panel.ts';
import { model } from './model/panel.ts';
import type { Panel } from './panel.ts';
import { steps } from './steps/panel.ts';
import { training } from './training/panel.ts';

export const panels: readonly Panel[] = [model, data, steps, graph, charts, candidates, training];
