// Something that not everybody wants to see at once.

import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import './fold.css';

interface FoldProps {
  readonly title: ReactNode;
  readonly children: ReactNode;
  readonly open?: boolean;
  readonly onToggle?: (open: boolean) => void;
}

export function Fold({ title, children, open, onToggle }: FoldProps) {
  return (
    <details className="fold" open={open} onToggle={(event) => onToggle?.(event.currentTarget.open)}>
      <summary>
        <ChevronRight aria-hidden size={13} className="fold-mark" />
        {title}
      </summary>
      <div className="fold-body">{children}</div>
    </details>
  );
}
