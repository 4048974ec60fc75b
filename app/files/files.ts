// Files in and out of the browser.

import { ModelError, problemOf } from '../../src/lib/errors.ts';
import type { NamedBlob, NamedFile } from '../../src/workbench/engine.ts';

/** @throws ModelError `unreadable` when the file has gone or changed since it was chosen, or is too large for this browser */
export async function readFile({ name, blob }: NamedBlob): Promise<NamedFile> {
  try {
    return { name: baseName(name), bytes: new Uint8Array(await blob.arrayBuffer()) };
  } catch (error) {
    throw new ModelError({
      code: 'unreadable',
      where: name,
      message: `${baseName(name)} cannot be read: ${problemOf(error).message}`,
    });
  }
}

export const readFiles = (files: readonly NamedBlob[]): Promise<NamedFile[]> =>
  Promise.all(files.map(readFile));

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const named = (file: File): NamedBlob => ({ name: file.webkitRelativePath || file.name, blob: file });

/** Files of a drop, folders walked through; must be called while the drop event is handled. */
export async function droppedFiles(transfer: DataTransfer): Promise<NamedBlob[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const known = entries.filter((entry) => entry !== null);
  if (known.length === 0) return [...transfer.files].map(named);
  return (await Promise.all(known.map(walk))).flat();
}

async function walk(entry: FileSystemEntry): Promise<NamedBlob[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ name: entry.fullPath.replace(/^\//, ''), blob: file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: NamedBlob[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (part.length === 0) return found;
    found.push(...(await Promise.all(part.map(walk))).flat());
  }
}

export const pickerId = 'file-picker';

/** Asks the person for files; empty when they change their mind. */
export function pickFiles(): Promise<NamedBlob[]> {
  const input = document.getElementById(pickerId) as HTMLInputElement;
  return new Promise((resolve) => {
    input.value = '';
    input.onchange = () => resolve([...(input.files ?? [])].map(named));
    input.oncancel = () => resolve([]);
    input.click();
  });
}

export function download({ name, bytes }: NamedFile): void {
  const address = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
