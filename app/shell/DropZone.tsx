// The whole window takes files: models, their companions, data.

import { FileDown } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Problem } from '../../src/lib/errors.ts';
import { droppedFiles, pickerId } from '../files/files.ts';
import { useAppStore } from '../store/store.ts';
import './drop-zone.css';

/** What runs goes on; the files have to be dropped again. */
const notNow = (work: string | undefined): Problem => ({
  code: 'busy',
  where: 'window',
  message: work ? `Not now: ${work}…` : 'Not while a training pass runs.',
  hint: work ? 'Drop the files again when that is done.' : 'Stop it first, then drop the files again.',
});

export function DropZone() {
  const store = useAppStore();
  const [over, setOver] = useState(false);
  useEffect(() => {
    let depth = 0;
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onEnter = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      depth++;
      setOver(true);
    };
    const onLeave = () => {
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const onOver = (event: DragEvent) => {
      if (carriesFiles(event)) event.preventDefault();
    };
    const onDrop = async (event: DragEvent) => {
      depth = 0;
      setOver(false);
      if (!event.dataTransfer || !carriesFiles(event)) return;
      event.preventDefault();
      const { work, training, complain, openFiles } = store.getState();
      if (work || training) complain(notNow(work));
      else await openFiles(await droppedFiles(event.dataTransfer));
    };
    window.addEventListener('dragenter', onEnter);
    window.addEventListener('dragleave', onLeave);
    window.addEventListener('dragover', onOver);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragenter', onEnter);
      window.removeEventListener('dragleave', onLeave);
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('drop', onDrop);
    };
  }, [store]);

  return (
    <>
      <input id={pickerId} type="file" multiple hidden aria-hidden tabIndex={-1} />
      {over && (
        <div className="drop-zone">
          <div className="drop-zone-card">
            <FileDown aria-hidden size={28} strokeWidth={1.6} />
            <p className="drop-zone-title">Drop it anywhere</p>
            <p>
              A model with the files of its weights, or examples to train on. Nothing leaves this computer.
            </p>
          </div>
        </div>
      )}
    </>
  );
}
