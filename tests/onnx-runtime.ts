// The second judge: ONNX Runtime (WebAssembly) in Node.

import type * as Ort from 'onnxruntime-web';

export interface OrtArray {
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;
  /** Of bytes: what they are, numbers unless stated. */
  readonly dtype?: 'uint8' | 'bool';
}

let loading: Promise<typeof Ort> | undefined;

async function load(): Promise<typeof Ort> {
  const ort = (await import('onnxruntime-web')) as typeof Ort;
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  return ort;
}

const typeOf = (data: OrtArray['data']) => {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof BigInt64Array) return 'int64';
  return data instanceof Int8Array ? 'int8' : 'uint8';
};

/** Loads the model and runs it once; throws what ONNX Runtime says when it does not accept the file. */
export async function runOnnx(
  bytes: Uint8Array,
  inputs: Readonly<Record<string, OrtArray>>,
): Promise<Record<string, OrtArray>> {
  loading ??= load();
  const ort = await loading;
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  try {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { dims, data, dtype }]) => [
        name,
        new ort.Tensor((dtype ?? typeOf(data)) as 'float32', data as Float32Array, dims),
      ]),
    );
    const outputs = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, data }]) => [
        name,
        { dims, data: data as OrtArray['data'] },
      ]),
    );
  } finally {
    await session.release();
  }
}
