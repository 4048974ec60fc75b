// Pictures to pixels: PNG by our own hand everywhere, other kinds by the browser, where there is one.

import { decodePng, isPng } from './files/png.ts';
import { refuse } from './files/refuse.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 red, green, blue. */
  readonly channels: 1 | 3;
  /** Row-major, channels interleaved. */
  readonly pixels: Uint8Array;
}

/** @throws whatever, where it cannot */
export type DecodeImage = (bytes: Uint8Array, name: string) => Promise<Picture>;

/** Names that a decoder may be given. */
export const pictureName = /\.(png|jpe?g|webp|gif|bmp|avif)$/i;

/** @throws ModelError `wrong-data` where the file is no picture, a damaged one, or of a kind that needs a browser */
export async function decodePicture(bytes: Uint8Array, name: string, decode?: DecodeImage): Promise<Picture> {
  if (bytes.length === 0) throw refuse(name, 'is empty.', 'Leave it out.');
  if (isPng(bytes)) return decodePng(bytes, name);
  const other = decode ?? browserDecoder();
  if (!other)
    throw refuse(
      name,
      'is no PNG picture, and other kinds are only read in the browser.',
      'Convert the pictures to PNG, or open them in the page.',
    );
  try {
    return await other(bytes, name);
  } catch {
    throw refuse(
      name,
      'cannot be read as a picture; it is damaged or something else.',
      'Leave it out or copy it again.',
    );
  }
}

function browserDecoder(): DecodeImage | undefined {
  if (typeof createImageBitmap === 'undefined' || typeof OffscreenCanvas === 'undefined') return undefined;
  return async (bytes) => {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]), {
      colorSpaceConversion: 'none',
    });
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return opaque(context.getImageData(0, 0, width, height).data, width, height);
  };
}

/** RGBA without its alpha, and without its colours where they are all grey. */
function opaque(rgba: Uint8ClampedArray, width: number, height: number): Picture {
  let grey = true;
  for (let i = 0; grey && i < rgba.length; i += 4) grey = rgba[i] === rgba[i + 1] && rgba[i] === rgba[i + 2];
  const channels = grey ? 1 : 3;
  const pixels = new Uint8Array(width * height * channels);
  for (let i = 0, at = 0; i < rgba.length; i += 4)
    for (let c = 0; c < channels; c++) pixels[at++] = rgba[i + c];
  return { width, height, channels, pixels };
}
