// Something that not everybody wants to see at once. What is in it is made when it is first opened.

import { ChevronRight } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import './fold.css';

interface FoldProps {
  readonly title: ReactNode;
  readonly children: ReactNode;
  readonly open?: boolean;
  readonly onToggle?: (open: boolean) => void;
}

export function Fold({ title, children, open, onToggle }: FoldProps) {
  const [wasOpened, setOpened] = useState(false);
  return (
    <details
      className="fold"
      open={open}
      onToggle={({ currentTarget }) => {
        if (currentTarget.open) setOpened(true);
        onToggle?.(currentTarget.open);
      }}
    >
      <summary>
        <ChevronRight aria-hidden size={13} className="fold-mark" />
        {title}
      </summary>
      <div className="fold-body">{(wasOpened || open) && children}</div>
    </details>
  );
}
