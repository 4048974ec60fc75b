// What a panel shows while there is nothing to show: what will be here, and how to get it.

import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import './empty.css';

interface EmptyProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children?: ReactNode;
  readonly tone?: 'calm' | 'error';
}

export function Empty({ icon: Icon, title, children, tone = 'calm' }: EmptyProps) {
  return (
    <div className={`empty ${tone}`}>
      <Icon aria-hidden size={20} strokeWidth={1.6} />
      <p className="empty-title">{title}</p>
      {children && <div className="empty-text">{children}</div>}
    </div>
  );
}
