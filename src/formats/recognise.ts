// What a file is that we do not read: a noun phrase for the sentence that refuses it, and what to do instead. Told by
// first bytes, and by the name only where bytes say little.

export interface Kind {
  /** Completes "… is": `a PNG picture`. */
  readonly what: string;
  /** Whether it holds a model, if one of another kind. */
  readonly isModel?: boolean;
  /** For a person who wanted to open it as a model. */
  readonly hint?: string;
}

interface Head {
  readonly bytes: Uint8Array;
  /** The first bytes, one character each. */
  readonly text: string;
  /** Lower case. */
  readonly name: string;
}

interface Row extends Kind {
  readonly matches: (head: Head) => boolean;
}

const LENGTH = 4096;

const FROM_TORCH = 'Export the model with torch.onnx.export and open the ONNX file.';
const FROM_TENSORFLOW = 'Convert it with tf2onnx and open the ONNX file.';
const UNPACK = 'Unpack it and open the ONNX file inside.';
const AGAIN = 'The download went wrong: get the file itself, not the page that shows it.';

const begins =
  (...starts: string[]) =>
  ({ text }: Head): boolean =>
    starts.some((start) => text.startsWith(start));
const like =
  (pattern: RegExp) =>
  ({ text }: Head): boolean =>
    pattern.test(text);
const at =
  (offset: number, magic: string) =>
  ({ text }: Head): boolean =>
    text.startsWith(magic, offset);
const called =
  (pattern: RegExp) =>
  ({ name }: Head): boolean =>
    pattern.test(name);
/** A zip archive whose first entries, or whose name, match. */
const zipped =
  (entries: RegExp, named: RegExp) =>
  ({ text, name }: Head): boolean =>
    text.startsWith('PK\x03\x04') && (entries.test(text) || named.test(name));
const model = (what: string, hint: string, matches: Row['matches']): Row => ({
  what,
  hint,
  isModel: true,
  matches,
});

/** The first that matches counts. */
const rows: readonly Row[] = [
  { what: 'a PNG picture', matches: begins('\x89PNG\r\n') },
  { what: 'a JPEG picture', matches: begins('\xff\xd8\xff') },
  { what: 'a GIF picture', matches: begins('GIF87a', 'GIF89a') },
  { what: 'a WebP picture', matches: like(/^RIFF[\s\S]{4}WEBP/) },
  { what: 'a PDF document', matches: begins('%PDF-') },
  model('a Keras model (.keras)', FROM_TENSORFLOW, zipped(/model\.weights\.h5|metadata\.json/, /\.keras$/)),
  model('a PyTorch model (.pt)', FROM_TORCH, zipped(/data\.pkl|\/version|byteorder/, /\.(pt|pth|ckpt|bin)$/)),
  { what: 'a NumPy archive (.npz)', matches: zipped(/\.npy/, /\.npz$/) },
  { what: 'a zip archive', hint: UNPACK, matches: begins('PK\x03\x04', 'PK\x05\x06') },
  model(
    'a PyTorch model or another Python pickle',
    FROM_TORCH,
    ({ bytes }) => bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5,
  ),
  { what: 'a NumPy array (.npy)', matches: begins('\x93NUMPY') },
  model('a Keras model or another HDF5 file (.h5)', FROM_TENSORFLOW, begins('\x89HDF\r\n')),
  model('a TensorFlow Lite model', 'Convert it with tf2onnx --tflite.', at(4, 'TFL3')),
  model('an ONNX Runtime model (.ort)', 'Open the ONNX file that it was made from.', at(4, 'ORTM')),
  model('a GGUF model', FROM_TORCH, begins('GGUF')),
  model(
    'a file of weights (safetensors) without a network',
    FROM_TORCH,
    ({ bytes, text }) => text.startsWith('{"', 8) && bytes.subarray(4, 8).every((byte) => byte === 0),
  ),
  { what: 'a Parquet table', matches: begins('PAR1') },
  { what: 'a Matlab file', matches: begins('MATLAB 5.0 MAT-file') },
  { what: 'a gzip archive', hint: UNPACK, matches: begins('\x1f\x8b') },
  { what: 'a 7-Zip archive', hint: UNPACK, matches: begins("7z\xbc\xaf'\x1c") },
  { what: 'a RAR archive', hint: UNPACK, matches: begins('Rar!\x1a\x07') },
  { what: 'a tar archive', hint: UNPACK, matches: at(257, 'ustar') },
  {
    what: 'a Git LFS pointer (the file itself was not downloaded)',
    hint: 'Run "git lfs pull", or download the file itself.',
    matches: begins('version https://git-lfs'),
  },
  {
    what: 'a web page (HTML)',
    hint: AGAIN,
    matches: like(/^(\xef\xbb\xbf)?\s*(<!--[\s\S]*?-->\s*)?<(!doctype html|html|head)/i),
  },
  model(
    'an OpenVINO network',
    'Open the ONNX file that it was made from.',
    like(/^\s*<\?xml[^>]*>\s*<net\b/),
  ),
  { what: 'an XML document', matches: like(/^\s*<\?xml/) },
  model(
    'a TensorFlow.js model (JSON)',
    FROM_TENSORFLOW,
    like(/^\s*\{[\s\S]*"(modelTopology|weightsManifest)"/),
  ),
  { what: 'a JSON document', matches: like(/^\s*[[{]\s*["{[\d}\]]/) },
  model('a TensorFlow SavedModel', FROM_TENSORFLOW, called(/saved_model\.pb$/)),
  model('a Core ML model', 'Open the ONNX file that it was made from.', called(/\.mlmodel$/)),
  model('a TensorFlow graph', FROM_TENSORFLOW, called(/\.pb$/)),
  {
    what: 'a file of zeros',
    hint: 'Download or copy it again.',
    matches: ({ bytes }) => bytes.every((b) => b === 0),
  },
  { what: 'a text file', matches: ({ bytes }) => !bytes.some(isControl) },
];

/** Control characters but for blanks, line breaks and escapes. */
const isControl = (byte: number): boolean => byte < 9 || (byte > 13 && byte < 27) || byte === 127;

/** What a file that is not empty is; `undefined` where nothing tells. */
export function recognise(bytes: Uint8Array, fileName: string): Kind | undefined {
  const start = bytes.subarray(0, LENGTH);
  const head = { bytes: start, text: String.fromCharCode(...start), name: fileName.toLowerCase() };
  return rows.find(({ matches }) => matches(head));
}
