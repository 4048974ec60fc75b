// A key combination as caps: `Shift+A`.

import './keys.css';

const names: Record<string, string> = {
  Space: 'Space',
  Backspace: '⌫',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Enter: '↵',
  Escape: 'Esc',
  Shift: '⇧',
};

const onMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** `Shift+A` for people: `⇧ A`. */
export const keyParts = (combination: string): string[] =>
  combination
    .split(/\+(?=.)/)
    .map((part) => (part === 'Mod' ? (onMac ? '⌘' : 'Ctrl') : (names[part] ?? part.toUpperCase())));

export function Keys({ keys, quiet }: { readonly keys: readonly string[]; readonly quiet?: boolean }) {
  return (
    <span className={quiet ? 'keys quiet' : 'keys'} aria-hidden={quiet}>
      {keys.map((combination, index) => (
        <span key={combination} className="keys-one">
          {index > 0 && <span className="keys-or">or</span>}
          {keyParts(combination).map((part) => (
            <kbd key={part}>{part}</kbd>
          ))}
        </span>
      ))}
    </span>
  );
}
