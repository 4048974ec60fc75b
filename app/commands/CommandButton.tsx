// A button made from a command: its label, icon, key, and the reason when it cannot be pressed.

import { useApp, useAppStore } from '../store/store.ts';
import { Button, type ButtonLook, IconButton } from '../widgets/Button.tsx';
import type { Command } from './command.ts';
import './command-button.css';

interface CommandButtonProps {
  readonly command: Command;
  readonly look?: ButtonLook;
  readonly size?: 'm' | 's';
  readonly wide?: boolean;
  readonly keys?: boolean;
  readonly iconOnly?: boolean;
}

export function CommandButton({
  command,
  look,
  size,
  wide,
  keys = false,
  iconOnly = false,
}: CommandButtonProps) {
  const store = useAppStore();
  const why = useApp(command.whyNot);
  const common = {
    icon: command.icon,
    size,
    isDisabled: why !== undefined,
    onPress: () => {
      // Two presses may come before the first is shown.
      const state = store.getState();
      if (command.whyNot(state) === undefined) void command.perform(state);
    },
  };
  return (
    <span className={wide ? 'command-button wide' : 'command-button'} title={why}>
      {iconOnly ? (
        <IconButton {...common} label={command.label} keys={command.keys} />
      ) : (
        <Button {...common} look={look} wide={wide} keys={keys ? command.keys : undefined}>
          {command.label}
        </Button>
      )}
    </span>
  );
}
