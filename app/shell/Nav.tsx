// Small screens stack the panels; this bar goes from one to the next.

import { useEffect, useState } from 'react';
import type { Panel } from '../panels/panel.ts';
import './nav.css';

export function Nav({ panels }: { readonly panels: readonly Panel[] }) {
  const named = panels.filter(({ short }) => short !== undefined).sort((a, b) => a.order - b.order);
  const here = useInView(named.map(({ id }) => `panel-${id}`));
  return (
    <nav className="nav" aria-label="Panels">
      {named.map(({ id, short, icon: Icon }) => (
        <a
          key={id}
          href={`#panel-${id}`}
          className="nav-link"
          aria-current={here === `panel-${id}` ? 'true' : undefined}
          onClick={(event) => {
            event.preventDefault();
            document.getElementById(`panel-${id}`)?.scrollIntoView({ block: 'start' });
          }}
        >
          <Icon aria-hidden size={17} strokeWidth={1.8} />
          {short}
        </a>
      ))}
    </nav>
  );
}

/** The element that holds the middle of the screen. */
function useInView(ids: readonly string[]): string | undefined {
  const [here, setHere] = useState<string>();
  const list = ids.join(' ');
  useEffect(() => {
    const ids = list.split(' ');
    const inView = new Set<string>();
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries)
          if (isIntersecting) inView.add(target.id);
          else inView.delete(target.id);
        // Between two panels it is still the one before.
        setHere((before) => ids.find((id) => inView.has(id)) ?? before);
      },
      { rootMargin: '-35% 0px -60% 0px' },
    );
    for (const id of ids) {
      const element = document.getElementById(id);
      if (element) observer.observe(element);
    }
    return () => observer.disconnect();
  }, [list]);
  return here;
}
