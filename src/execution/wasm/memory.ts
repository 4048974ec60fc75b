// Our kernels in the memory of tfjs's WebAssembly backend: addresses of its tensors, room of our own, tables kept.

import type * as Tf from '@tensorflow/tfjs';
import { type Exports, ModuleBuilder } from './assembler.ts';

/** What we use of tfjs's backend: the Emscripten module behind it and its tensors' places in memory. */
interface Backend {
  readonly wasm: {
    readonly asm?: { readonly memory: WebAssembly.Memory };
    readonly wasmMemory?: WebAssembly.Memory;
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: readonly number[], dtype: 'float32'): Tf.TensorInfo;
}

const TABLES = 512;

export class KernelMemory {
  readonly kernels: Exports;
  private readonly backend: Backend;
  private readonly kept = new Map<string, { readonly address: number; readonly bytes: number }>();
  private readonly tables = new Map<string, number>();

  constructor(backend: unknown, define: (m: ModuleBuilder) => void) {
    this.backend = backend as Backend;
    const memory = this.backend.wasm.wasmMemory ?? this.backend.wasm.asm?.memory;
    if (!memory) throw new Error('the WebAssembly backend shows no memory');
    const builder = new ModuleBuilder({ fused: fusesMultiplyAdd() });
    define(builder);
    const shared = !(memory.buffer instanceof ArrayBuffer);
    const module = new WebAssembly.Module(builder.bytes(shared));
    this.kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
  }

  address({ dataId }: Tf.TensorInfo): number {
    return this.backend.dataIdMap.get(dataId).memoryOffset;
  }

  /** A new tensor with whatever is in memory. */
  output(shape: readonly number[]): Tf.TensorInfo {
    return this.backend.makeOutput(shape, 'float32');
  }

  zeros(shape: readonly number[]): Tf.TensorInfo {
    const info = this.output(shape);
    const bytes = shape.reduce((n, length) => n * length, 4);
    const address = this.address(info) >>> 0;
    this.backend.wasm.HEAPU8.fill(0, address, address + bytes);
    return info;
  }

  /** Room that lasts until it is asked for again under the same name; it starts as zeros when it grows. */
  room(name: string, bytes: number): number {
    const present = this.kept.get(name);
    if (present && present.bytes >= bytes) return present.address;
    if (present) this.backend.wasm._free(present.address);
    const address = this.allocate(bytes);
    this.backend.wasm.HEAPU8.fill(0, address, address + bytes);
    this.kept.set(name, { address, bytes });
    return address;
  }

  /** Numbers at an address, to read and write until anything is allocated: then the memory may have moved. */
  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.backend.wasm.HEAPU8.buffer, address >>> 0, count);
  }

  /** The address of a table that is made once per key. */
  table(key: string, make: () => Int32Array<ArrayBuffer>): number {
    const present = this.tables.get(key);
    if (present !== undefined) return present;
    if (this.tables.size >= TABLES) {
      for (const address of this.tables.values()) this.backend.wasm._free(address);
      this.tables.clear();
    }
    const values = make();
    const address = this.allocate(Math.max(4, values.byteLength));
    this.backend.wasm.HEAPU8.set(new Uint8Array(values.buffer), address);
    this.tables.set(key, address);
    return address;
  }

  private allocate(bytes: number): number {
    const address = this.backend.wasm._malloc(bytes) >>> 0;
    if (address === 0) throw new Error(`WebAssembly has no room for ${bytes.toLocaleString('en')} bytes`);
    return address;
  }
}

/** Whether the engine has relaxed SIMD, whose multiply-add rounds once and is one instruction on most machines. */
function fusesMultiplyAdd(): boolean {
  const probe = new ModuleBuilder({ fused: true });
  probe.define('probe', {}, (f) => {
    const sum = f.local('v128');
    f.accumulate(sum, sum, sum);
  });
  return WebAssembly.validate(probe.bytes(false));
}
