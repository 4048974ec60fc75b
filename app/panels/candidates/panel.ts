import { ListChecks } from 'lucide-react';
import type { Panel } from '../panel.ts';
import { CandidatesBody, CandidatesHead } from './Candidates.tsx';

export const candidates: Panel = {
  id: 'candidates',
  title: 'Candidates',
  short: 'Review',
  icon: ListChecks,
  place: 'right',
  grows: 1,
  order: 4,
  applies: () => true,
  Head: CandidatesHead,
  Body: CandidatesBody,
};
