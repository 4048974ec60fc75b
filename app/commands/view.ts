// How the page looks and what it shows on top.

import { CircleHelp, Monitor, Moon, Search, Sun } from 'lucide-react';
import type { Theme } from '../store/settings.ts';
import { always, type Command } from './command.ts';

export const palette: Command = {
  id: 'palette',
  label: 'Commands',
  about: 'Find anything the page can do by typing.',
  icon: Search,
  section: 'View',
  keys: ['Mod+K'],
  whyNot: always,
  perform: ({ show }) => show('palette'),
};

export const help: Command = {
  id: 'help',
  label: 'Help',
  about: 'Show the keys and what they do.',
  icon: CircleHelp,
  section: 'View',
  keys: ['?'],
  whyNot: always,
  perform: ({ show }) => show('help'),
};

const themeCommand = (theme: Theme, label: string, icon: Command['icon']): Command => ({
  id: `theme-${theme}`,
  label,
  about: theme === 'system' ? 'Follow the colours of the system.' : `Use the ${theme} colours.`,
  icon,
  section: 'View',
  keys: [],
  whyNot: (state) => (state.theme === theme ? 'These are the colours now.' : undefined),
  perform: ({ setTheme }) => setTheme(theme),
});

export const themes: readonly Command[] = [
  themeCommand('light', 'Light colours', Sun),
  themeCommand('dark', 'Dark colours', Moon),
  themeCommand('system', 'System colours', Monitor),
];
