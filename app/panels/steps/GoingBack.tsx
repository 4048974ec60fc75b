// The way back to before a step, with a question first: what was cut and learned since is given up.

import { Undo2 } from 'lucide-react';
import { goBack } from '../../commands/review.ts';
import { useApp } from '../../store/store.ts';
import { Button, IconButton } from '../../widgets/Button.tsx';
import { Dialog } from '../../widgets/Dialog.tsx';

interface BackButtonProps {
  /** Of the step in the log. */
  readonly place: number;
  readonly number: number;
}

export function BackButton({ place, number }: BackButtonProps) {
  const known = useApp((state) => state.session?.earlier?.includes(place) ?? false);
  const why = useApp(goBack.whyNot);
  const ask = useApp((state) => state.askBack);
  if (!known) return null;
  return (
    <span className="step-back" title={why}>
      <IconButton
        icon={Undo2}
        size="s"
        label={`Go back to before step ${number}`}
        isDisabled={why !== undefined}
        onPress={() => ask(place)}
      />
    </span>
  );
}

export function AskBack() {
  const place = useApp((state) => state.askedBack);
  const step = useApp((state) => (place === undefined ? undefined : state.session?.log[place]));
  const ask = useApp((state) => state.askBack);
  const back = useApp((state) => state.goBack);
  if (place === undefined || step?.kind !== 'step') return null;
  const close = () => ask(undefined);
  return (
    <Dialog title={`Go back to before step ${step.number}?`} size="s" open onClose={close}>
      <p className="ask">
        The model gets back the channels and weights that it had before this step. What was cut and learned
        since is given up; the log and the curve keep it in sight.
      </p>
      <div className="actions">
        <Button
          look="primary"
          icon={Undo2}
          onPress={() => {
            close();
            void back(place);
          }}
        >
          Go back
        </Button>
        <Button onPress={close}>Stay here</Button>
      </div>
    </Dialog>
  );
}
