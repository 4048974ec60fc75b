// The whole window takes files: models, their companions, data.

import { FileDown } from 'lucide-react';
import { useEffect, useState } from 'react';
import { droppedFiles, pickerId } from '../files/files.ts';
import { useAppStore } from '../store/store.ts';
import './drop-zone.css';

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
      const files = await droppedFiles(event.dataTransfer);
      const { work, training, say, openFiles } = store.getState();
      if (work || training) say(`Files can be dropped when this is done: ${work ?? 'the training pass'}.`);
      else await openFiles(files);
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
