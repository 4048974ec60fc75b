// The head of the page: whose it is, what is open and what became of it, and the ways in and out.

import { Monitor, Moon, Sun } from 'lucide-react';
import { CommandButton } from '../commands/CommandButton.tsx';
import { exportModel, openModel, trySample } from '../commands/model.ts';
import { help, palette } from '../commands/view.ts';
import type { Theme } from '../store/settings.ts';
import { useApp } from '../store/store.ts';
import { change, compact } from '../text/numbers.ts';
import { IconButton } from '../widgets/Button.tsx';
import './top-bar.css';

export function TopBar() {
  const model = useApp((state) => state.session?.model);
  return (
    <header className="top-bar">
      <h1 className="brand">
        <img src="./icon.svg" alt="" width={20} height={20} />
        Secateur
      </h1>
      {model ? <Headline /> : <p className="top-line">Structural pruning, in this tab</p>}
      {model && (
        <div className="top-actions files">
          <CommandButton command={openModel} />
          <CommandButton command={trySample} look="quiet" />
          <CommandButton command={exportModel} look="primary" />
        </div>
      )}
      <div className="top-actions">
        <CommandButton command={palette} iconOnly />
        <CommandButton command={help} iconOnly />
        <ThemeButton />
      </div>
    </header>
  );
}

function Headline() {
  const model = useApp((state) => state.session?.model);
  const first = useApp((state) => state.session?.costs[0]);
  if (!model) return null;
  const cut = first !== undefined && model.params < first.params;
  return (
    <p className="top-line figure">
      <strong>{model.fileName}</strong>
      <span>{compact(model.params)} parameters</span>
      <span>{compact(model.macs)} MACs</span>
      {cut && <span className="top-change">{change(first.params, model.params)} parameters so far</span>}
    </p>
  );
}

const themes: Readonly<Record<Theme, { readonly icon: typeof Sun; readonly next: Theme }>> = {
  system: { icon: Monitor, next: 'light' },
  light: { icon: Sun, next: 'dark' },
  dark: { icon: Moon, next: 'system' },
};

function ThemeButton() {
  const theme = useApp((state) => state.theme);
  const setTheme = useApp((state) => state.setTheme);
  const { icon, next } = themes[theme];
  return <IconButton icon={icon} label={`Colours: ${theme}`} onPress={() => setTheme(next)} />;
}
