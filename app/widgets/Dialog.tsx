// Dialogs and popovers, with their own head and way out.

import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay, Popover } from 'react-aria-components';
import { IconButton } from './Button.tsx';
import { Scroller } from './Scroller.tsx';
import './dialog.css';

interface DialogProps {
  readonly title: string;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly size?: 's' | 'm';
  readonly children: ReactNode;
}

export function Dialog({ title, open, onClose, size = 'm', children }: DialogProps) {
  return (
    <ModalOverlay className="veil" isDismissable isOpen={open} onOpenChange={(next) => next || onClose()}>
      <Modal className={`modal ${size}`}>
        <AriaDialog className="dialog">
          <header className="dialog-head">
            <Heading slot="title">{title}</Heading>
            <IconButton icon={X} label="Close" onPress={onClose} />
          </header>
          <Scroller className="dialog-body">{children}</Scroller>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

interface SheetProps {
  readonly title: string;
  readonly children: ReactNode | ((close: () => void) => ReactNode);
}

/** What a `DialogTrigger` opens beside its button. */
export function Sheet({ title, children }: SheetProps) {
  return (
    <Popover className="popover sheet" offset={6}>
      <AriaDialog className="dialog" aria-label={title}>
        {({ close }) => (
          <>
            <h2 className="sheet-title">{title}</h2>
            {typeof children === 'function' ? children(close) : children}
          </>
        )}
      </AriaDialog>
    </Popover>
  );
}
