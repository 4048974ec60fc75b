// Buttons. The label is the accessible name, to the letter; a key hint is for the eye only.

import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';
import { Keys } from './Keys.tsx';
import { Hint } from './Tooltip.tsx';
import './button.css';

export type ButtonLook = 'plain' | 'primary' | 'quiet' | 'yes' | 'no';

interface ButtonProps extends Omit<AriaButtonProps, 'children' | 'className' | 'style'> {
  readonly look?: ButtonLook;
  readonly size?: 'm' | 's';
  readonly icon?: LucideIcon;
  readonly keys?: readonly string[];
  readonly wide?: boolean;
  readonly children: ReactNode;
}

export function Button({
  look = 'plain',
  size = 'm',
  icon: Icon,
  keys,
  wide,
  children,
  ...rest
}: ButtonProps) {
  return (
    <AriaButton {...rest} preventFocusOnPress className={classes('button', look, size, wide && 'wide')}>
      {Icon && <Icon aria-hidden size={size === 's' ? 14 : 15} strokeWidth={1.9} />}
      <span className="button-label">{children}</span>
      {keys && keys.length > 0 && <Keys keys={keys.slice(0, 1)} quiet />}
    </AriaButton>
  );
}

interface IconButtonProps extends Omit<AriaButtonProps, 'children' | 'className' | 'style'> {
  readonly icon: LucideIcon;
  /** The accessible name, and the tooltip. */
  readonly label: string;
  readonly keys?: readonly string[];
  readonly pressed?: boolean;
  readonly size?: 'm' | 's';
}

export function IconButton({ icon: Icon, label, keys, pressed, size = 'm', ...rest }: IconButtonProps) {
  return (
    <Hint text={label} keys={keys}>
      <AriaButton
        {...rest}
        preventFocusOnPress
        aria-label={label}
        aria-pressed={pressed}
        className={classes('button', 'icon-button', 'quiet', size, pressed && 'pressed')}
      >
        <Icon aria-hidden size={size === 's' ? 14 : 16} strokeWidth={1.9} />
      </AriaButton>
    </Hint>
  );
}

export const classes = (...names: readonly (string | false | undefined)[]): string =>
  names.filter(Boolean).join(' ');
