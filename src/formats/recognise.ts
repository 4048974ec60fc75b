// What a file is that we do not read: a noun phrase for the sentence that refuses it. Told by first bytes, and by the
// name only where bytes say little.

interface Kind {
  /** Completes "… is": `a PNG picture`. */
  readonly what: string;
  readonly matches: (head: Head) => boolean;
}

class Head {
  readonly bytes: Uint8Array;
  /** The first bytes as Latin-1 text: one character per byte. */
  readonly text: string;
  readonly name: string;

  constructor(bytes: Uint8Array, name: string) {
    this.bytes = bytes.subarray(0, HEAD);
    this.text = String.fromCharCode(...this.bytes);
    this.name = name.toLowerCase();
  }
}

const HEAD = 4096;

const begins =
  (...starts: string[]) =>
  ({ text }: Head): boolean =>
    starts.some((start) => text.startsWith(start));
const has =
  (start: string, ...needles: (string | RegExp)[]) =>
  ({ text }: Head): boolean =>
    text.startsWith(start) &&
    needles.every((needle) => (typeof needle === 'string' ? text.includes(needle) : needle.test(text)));
const at =
  (offset: number, magic: string) =>
  ({ text }: Head): boolean =>
    text.startsWith(magic, offset);

const ZIP = 'PK\x03\x04';

/** The first that matches counts. */
const kinds: readonly Kind[] = [
  { what: 'a PNG picture', matches: begins('\x89PNG\r\n\x1a\n') },
  { what: 'a JPEG picture', matches: begins('\xff\xd8\xff') },
  { what: 'a GIF picture', matches: begins('GIF87a', 'GIF89a') },
  { what: 'a WebP picture', matches: has('RIFF', /^....WEBP/s) },
  { what: 'a PDF document', matches: begins('%PDF-') },
  {
    what: 'a PyTorch checkpoint (a zip archive of pickles)',
    matches: has(ZIP, /\/(data\.pkl|version|byteorder|\.format_version)PK|data\.pkl/),
  },
  {
    what: 'a PyTorch checkpoint',
    matches: ({ text, name }) => text.startsWith(ZIP) && /\.(pt|pth|ckpt|bin)$/.test(name),
  },
  {
    what: 'a Keras model (.keras)',
    matches: ({ text, name }) =>
      text.startsWith(ZIP) && (/model\.weights\.h5|metadata\.json/.test(text) || name.endsWith('.keras')),
  },
  { what: 'a NumPy archive (.npz)', matches: has(ZIP, '.npy') },
  { what: 'a zip archive', matches: begins('PK\x03\x04', 'PK\x05\x06') },
  {
    what: 'a PyTorch checkpoint or another Python pickle',
    matches: ({ bytes }) => bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5,
  },
  { what: 'a NumPy array (.npy)', matches: begins('\x93NUMPY') },
  { what: 'a Keras or other HDF5 file (.h5)', matches: begins('\x89HDF\r\n\x1a\n') },
  { what: 'a TensorFlow Lite model', matches: at(4, 'TFL3') },
  { what: 'an ONNX Runtime model (.ort)', matches: at(4, 'ORTM') },
  { what: 'a GGUF model', matches: begins('GGUF') },
  { what: 'a file of safetensors', matches: ({ text }) => /^.[\s\S]{4}\0{3}\{"/.test(text) },
  { what: 'a Parquet table', matches: begins('PAR1') },
  { what: 'a Matlab file', matches: begins('MATLAB 5.0 MAT-file') },
  { what: 'a gzip archive', matches: begins('\x1f\x8b') },
  { what: 'a 7-Zip archive', matches: begins("7z\xbc\xaf'\x1c") },
  { what: 'a RAR archive', matches: begins('Rar!\x1a\x07') },
  { what: 'a tar archive', matches: at(257, 'ustar') },
  {
    what: 'a Git LFS pointer (the file itself was not downloaded)',
    matches: begins('version https://git-lfs'),
  },
  {
    what: 'a web page (HTML)',
    matches: ({ text }) =>
      /^\s*(<!--[\s\S]*?-->\s*)?<(!doctype html|html|head)/i.test(text.replace(/^\xef\xbb\xbf/, '')),
  },
  { what: 'an OpenVINO network (XML)', matches: ({ text }) => /^\s*<\?xml[^>]*>\s*<net\b/.test(text) },
  { what: 'an XML document', matches: ({ text }) => /^\s*<\?xml/.test(text) },
  {
    what: 'a TensorFlow.js model (JSON)',
    matches: ({ text }) => /^\s*\{[\s\S]*"(modelTopology|weightsManifest)"/.test(text),
  },
  { what: 'a JSON document', matches: ({ text }) => /^\s*[[{]\s*["{[\d}\]]/.test(text) },
  {
    what: 'a TensorFlow SavedModel',
    matches: ({ text, name }) => name.endsWith('saved_model.pb') || text.startsWith('\x08\x01\x12'),
  },
  { what: 'a TensorFlow graph', matches: ({ name }) => name.endsWith('.pb') },
  { what: 'a file of zeros', matches: ({ bytes }) => bytes.length > 0 && bytes.every((byte) => byte === 0) },
  { what: 'a text file', matches: ({ bytes, text }) => bytes.length > 0 && isText(text) },
];

/** No control characters but blanks and line breaks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary from text
const isText = (text: string): boolean => !/[\0-\x08\x0e-\x1f\x7f]/.test(text);

/** What the file is, to be put after "is"; `undefined` where nothing tells. */
export function recognise(bytes: Uint8Array, fileName: string): string | undefined {
  const head = new Head(bytes, fileName);
  return kinds.find(({ matches }) => matches(head))?.what;
}
