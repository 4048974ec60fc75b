// Anything the page can do, found by typing.

import { Search } from 'lucide-react';
import { Autocomplete, Input, Menu, MenuItem, SearchField, Text, useFilter } from 'react-aria-components';
import { commands } from '../commands/commands.ts';
import { useApp, useAppStore } from '../store/store.ts';
import { Dialog } from '../widgets/Dialog.tsx';
import { Keys } from '../widgets/Keys.tsx';
import './palette.css';

export function Palette() {
  const open = useApp((state) => state.overlay === 'palette');
  const show = useApp((state) => state.show);
  return (
    <Dialog title="What would you like to do?" size="s" open={open} onClose={() => show(undefined)}>
      <Finder />
    </Dialog>
  );
}

function Finder() {
  const store = useAppStore();
  const { contains } = useFilter({ sensitivity: 'base' });
  const state = store.getState();
  const entries = commands
    .filter(({ id }) => id !== 'palette')
    .map((command) => ({ ...command, why: command.whyNot(state) }));
  const perform = (id: unknown) => {
    store.getState().show(undefined);
    void entries.find((entry) => entry.id === id)?.perform(store.getState());
  };
  return (
    <Autocomplete filter={contains}>
      <SearchField aria-label="Find a command" autoFocus className="palette-search">
        <Search aria-hidden size={15} />
        <Input placeholder="Type a few letters" />
      </SearchField>
      <Menu
        aria-label="Commands"
        className="palette"
        items={entries}
        disabledKeys={entries.filter(({ why }) => why).map(({ id }) => id)}
        onAction={perform}
        renderEmptyState={() => <p className="palette-none">No command is called that.</p>}
      >
        {({ id, label, about, icon: Icon, keys, why }) => (
          <MenuItem id={id} textValue={`${label} ${about}`} className="palette-item">
            <Icon aria-hidden size={15} />
            <Text slot="label">{label}</Text>
            <Keys keys={keys} quiet />
            <Text slot="description">{why ?? about}</Text>
          </MenuItem>
        )}
      </Menu>
    </Autocomplete>
  );
}
