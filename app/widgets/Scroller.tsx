// A part of the page that scrolls by itself. It takes the focus, so that the keys reach what is below.

import type { ReactNode } from 'react';

export function Scroller({
  className,
  children,
}: {
  readonly className: string;
  readonly children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be within reach of the keys (WCAG 2.1.1)
    <div className={className} tabIndex={0}>
      {children}
    </div>
  );
}
