// Another model takes the place of the one that is open. Where that gives up what was cut and learned, a person is asked.

import { useApp } from '../store/store.ts';
import { Button } from '../widgets/Button.tsx';
import { Dialog } from '../widgets/Dialog.tsx';

export function AskLeave() {
  const leaving = useApp((state) => state.leaving);
  const name = useApp((state) => state.session?.model?.fileName);
  const answer = useApp((state) => state.answerLeaving);
  if (!leaving) return null;
  const stay = () => void answer(false);
  return (
    <Dialog title={`Leave ${name ?? 'this model'}?`} size="s" open onClose={stay}>
      <p className="ask">
        It was changed since it was opened or last saved, and leaving it gives that up. To keep it, export the
        model or save the session first.
      </p>
      <div className="actions">
        <Button look="primary" onPress={() => void answer(true)}>
          Leave it
        </Button>
        <Button onPress={stay}>Stay here</Button>
      </div>
    </Dialog>
  );
}
