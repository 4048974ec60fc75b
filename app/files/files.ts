// Files in and out of the browser.

import type { NamedBlob, NamedFile } from '../../src/workbench/engine.ts';

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

export async function download({ name, bytes }: NamedFile): Promise<void> {
  const address = URL.createObjectURL(await blobOf(bytes as Uint8Array<ArrayBuffer>));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Bytes that the page copies in one go, without anybody noticing. */
const piece = 2 ** 20;

async function blobOf(bytes: Uint8Array<ArrayBuffer>): Promise<Blob> {
  const parts: Blob[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    parts.push(new Blob([bytes.subarray(at, at + piece)]));
    await new Promise((resume) => setTimeout(resume));
  }
  return new Blob(parts);
}
