// From key presses to commands. A key that the focused element needs for itself stays with it.

import type { AppStore } from '../store/store.ts';
import { commands } from './commands.ts';

/** `Shift+A`, `Mod+K`, `?`: how a press is written in a command record. */
export function combinationOf(event: KeyboardEvent): string {
  const name = event.key === ' ' ? 'Space' : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const isLetter = /^[A-Z]$/.test(name);
  const parts = [
    (event.ctrlKey || event.metaKey) && 'Mod',
    event.altKey && 'Alt',
    event.shiftKey && (isLetter || name.length > 1) && 'Shift',
    name,
  ];
  return parts.filter(Boolean).join('+');
}

const writing = 'input:not([type=range]), textarea, select, [contenteditable=true]';
/** Where Space, Enter, Backspace and arrows already mean something. */
const operable =
  'button, a, summary, input, [role=slider], [role=radio], [role=tab], [role=option], [aria-multiselectable=true], [data-own-keys]';
const ownKeys = new Set(['Space', 'Enter', 'Backspace', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight']);

function belongsToTarget(target: Element, combination: string): boolean {
  if (target.closest('[role=dialog], [role=listbox][data-popup], [data-rac][role=dialog]')) return true;
  if (combination.startsWith('Mod+')) return false;
  if (target.closest(writing)) return true;
  return ownKeys.has(combination) && target.closest(operable) !== null;
}

/** @returns a function that stops listening */
export function listenToKeys(store: AppStore): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const combination = combinationOf(event);
    if (event.target instanceof Element && belongsToTarget(event.target, combination)) return;
    const state = store.getState();
    const known = commands.filter(({ keys }) => keys.includes(combination));
    const able = known.find((command) => command.whyNot(state) === undefined);
    if (!able) {
      const [first] = known;
      const why = first?.whyNot(state);
      if (why && !event.repeat && !combination.startsWith('Arrow')) state.say(`${first.label}: ${why}`);
      return;
    }
    event.preventDefault();
    void able.perform(state);
  };
  window.addEventListener('keydown', onKey);
  return () => window.removeEventListener('keydown', onKey);
}
