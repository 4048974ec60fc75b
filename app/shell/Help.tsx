// The keys, from the very records that answer them.

import type { Section } from '../commands/command.ts';
import { commands } from '../commands/commands.ts';
import { useApp } from '../store/store.ts';
import { Dialog } from '../widgets/Dialog.tsx';
import { Keys } from '../widgets/Keys.tsx';
import './help.css';

const sections: readonly Section[] = ['Review', 'Model', 'Training', 'View'];

export function Help() {
  const open = useApp((state) => state.overlay === 'help');
  const show = useApp((state) => state.show);
  return (
    <Dialog title="Keys" open={open} onClose={() => show(undefined)}>
      <div className="help">
        {sections.map((section) => (
          <section key={section} aria-label={`Keys: ${section}`}>
            <h3>{section}</h3>
            <dl>
              {commands
                .filter((command) => command.section === section && command.keys.length > 0)
                .map(({ id, label, about, keys }) => (
                  <div key={id}>
                    <dt>
                      <Keys keys={keys} />
                    </dt>
                    <dd>
                      <strong>{label}</strong> {about}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
