// The frame around a panel: a named region, a head, and a fence that keeps one panel's failure from the others.

import { TriangleAlert } from 'lucide-react';
import { Component, type CSSProperties, type ReactNode } from 'react';
import type { Panel } from '../panels/panel.ts';
import { Empty } from '../widgets/Empty.tsx';
import './panel-frame.css';

export function PanelFrame({
  panel: { id, title, icon: Icon, grows, order, Head, Body },
}: {
  readonly panel: Panel;
}) {
  return (
    <section
      id={`panel-${id}`}
      className={grows ? 'panel grows' : 'panel'}
      aria-label={title}
      tabIndex={-1}
      style={{ order, '--grows': grows } as CSSProperties}
    >
      <header className="panel-head">
        <Icon aria-hidden size={14} strokeWidth={1.9} />
        <h2>{title}</h2>
        {Head && (
          <div className="panel-aside">
            <Head />
          </div>
        )}
      </header>
      <div className="panel-body">
        <Fence>
          <Body />
        </Fence>
      </div>
    </section>
  );
}

class Fence extends Component<{ readonly children: ReactNode }, { readonly message: string | undefined }> {
  override state = { message: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    if (this.state.message === undefined) return this.props.children;
    return (
      <Empty icon={TriangleAlert} tone="error" title="This panel cannot be shown.">
        {this.state.message} The session itself is safe: reload the page to go on.
      </Empty>
    );
  }
}
