// tfjs's JavaScript backend in double precision: from here on, whatever makes a Float32Array gets doubles. For a test
// file of its own, before tfjs is loaded.

const Single = globalThis.Float32Array;

/** Views of single-precision bytes are read as what they are. */
class Doubles extends Float64Array {
  /** What doubles are cut out of stays doubles. */
  static get [Symbol.species]() {
    return Float64Array;
  }

  constructor(source: number | ArrayBuffer | ArrayLike<number> = 0, offset?: number, length?: number) {
    super((source instanceof ArrayBuffer ? new Single(source, offset, length) : source) as ArrayLike<number>);
  }
}

export async function computeInDoublePrecision(): Promise<void> {
  globalThis.Float32Array = Doubles as never;
  const tf = await import('@tensorflow/tfjs');
  tf.env().platform.isTypedArray = (value: unknown): value is Float32Array =>
    ArrayBuffer.isView(value) && !(value instanceof DataView);
}
