// What a person dropped, by the look of the names: a model with its companions, or data. Names only; the engine reads the
// bytes and says what is wrong with them.

export interface Sorted<F> {
  readonly model: F | undefined;
  /** Files that belong to the model: external weights. */
  readonly companions: readonly F[];
  readonly data: readonly F[];
}

const modelName =
  /\.(onnx|ort|keras|h5|hdf5|pb|pt|pth|ckpt|safetensors|tflite|mlmodel|caffemodel)$|(^|\/)model\.json$/i;
const dataName =
  /ubyte(\.gz)?$|\.(npy|npz|csv|tsv|zip|gz)$|(^|[/_])batch(_\d+)?\.bin$|(^|\/)(train|test)\.bin$/i;
/** Nothing else is called so. */
const onlyDataName = /ubyte(\.gz)?$|\.(npy|npz|csv|tsv)(\.gz)?$/i;
/** One alone is no data set; folders of them are. */
const pictureName = /\.(png|jpe?g|webp|bmp|gif)$/i;

/**
 * Data is taken for data when a model is open, when several files of it come together, or where its name leaves no doubt.
 * Anything else is handed over as a model, so that a wrong file gets its sentence.
 */
export function sortFiles<F extends { readonly name: string }>(
  files: readonly F[],
  modelIsOpen: boolean,
): Sorted<F> {
  const model = files.find(({ name }) => modelName.test(name));
  if (model) return { model, companions: files.filter((file) => file !== model), data: [] };
  const several = files.length > 1;
  const data = files.filter(({ name }) => dataName.test(name) || (several && pictureName.test(name)));
  const noDoubt = modelIsOpen || several || files.every(({ name }) => onlyDataName.test(name));
  if (data.length > 0 && noDoubt) return { model: undefined, companions: [], data };
  return { model: files[0], companions: files.slice(1), data: [] };
}

export const looksLikeModel = (name: string): boolean => modelName.test(name);

/** A session that was saved as a file. */
export const sessionEnding = '.secateur';
export const isSession = (name: string): boolean => name.endsWith(sessionEnding);
