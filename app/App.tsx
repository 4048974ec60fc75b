// The shell: it arranges the panels that say they apply, and knows nothing about any of them.

import { useEffect } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { listenToKeys } from './commands/keyboard.ts';
import { panels } from './panels/panels.ts';
import { AskLeave } from './shell/AskLeave.tsx';
import { DropZone } from './shell/DropZone.tsx';
import { Help } from './shell/Help.tsx';
import { holdFocus } from './shell/hold-focus.ts';
import { Nav } from './shell/Nav.tsx';
import { Palette } from './shell/Palette.tsx';
import { PanelFrame } from './shell/PanelFrame.tsx';
import { Problems } from './shell/Problems.tsx';
import { StatusBar } from './shell/StatusBar.tsx';
import { TopBar } from './shell/TopBar.tsx';
import { useApp, useAppStore } from './store/store.ts';
import './app.css';

const places = ['left', 'centre', 'right'] as const;

export function App() {
  const store = useAppStore();
  const shown = useApp(useShallow((state) => panels.filter(({ applies }) => applies(state))));
  useEffect(() => listenToKeys(store), [store]);
  useEffect(holdFocus, []);
  return (
    <div className="app">
      <TopBar />
      <main className="desk">
        {places.map((place) => (
          <div key={place} className={`column ${place}`}>
            {shown
              .filter((panel) => panel.place === place)
              .map((panel) => (
                <PanelFrame key={panel.id} panel={panel} />
              ))}
          </div>
        ))}
      </main>
      <div className="foot">
        <StatusBar />
        <Nav panels={shown} />
      </div>
      <Problems />
      <DropZone />
      <Palette />
      <Help />
      <AskLeave />
    </div>
  );
}
