// Our kernels in the memory of tfjs's WebAssembly backend: addresses of its tensors, room of our own, tables kept.

import type * as Tf from '@tensorflow/tfjs';
import { type Exports, ModuleBuilder } from './kernels/assembler.ts';
import { type Call, type StartThread, Team } from './team.ts';

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
  incRef(dataId: object): void;
  refCount(dataId: object): number;
  makeOutput(shape: readonly number[], dtype: 'float32'): Tf.TensorInfo;
}

const TABLES = 512;

/** Multiply-adds below which work is not handed to another thread: waking it takes about as long. */
const WORTH = 1 << 19;
/** Ranges per thread, so that nobody waits long for the last one. */
const SHARES = 3;

/** What reading or writing a number costs, in multiply-adds. */
export const TOUCH = 16;

/** A part of a count of things. */
export interface Range {
  readonly first: number;
  readonly count: number;
}

export class KernelMemory {
  readonly kernels: Exports;
  private readonly backend: Backend;
  private readonly module: WebAssembly.Module;
  private readonly memory: WebAssembly.Memory;
  private team: Team | undefined;
  private readonly kept = new Map<string, { readonly address: number; readonly bytes: number }>();
  private readonly tables = new Map<string, number>();

  constructor(backend: unknown, define: (m: ModuleBuilder) => void) {
    this.backend = backend as Backend;
    const memory = this.backend.wasm.wasmMemory ?? this.backend.wasm.asm?.memory;
    if (!memory) throw new Error('the WebAssembly backend shows no memory');
    const builder = new ModuleBuilder({ fused: fusesMultiplyAdd() });
    define(builder);
    this.memory = memory;
    this.module = new WebAssembly.Module(builder.bytes(this.isShared));
    const instance = new WebAssembly.Instance(this.module, { env: { memory } });
    this.kernels = instance.exports as unknown as Exports;
  }

  get isShared(): boolean {
    return !(this.memory.buffer instanceof ArrayBuffer);
  }

  /** Threads that compute, this one included. */
  get threads(): number {
    return this.team?.size ?? 1;
  }

  /** Has kernels run on up to `count` threads, this one included, from now on; in shared memory only. */
  async startThreads(count: number, start: StartThread): Promise<void> {
    this.team = await Team.start(this.module, this.memory, this.kernels, count, start);
  }

  stopThreads(): void {
    this.team?.stop();
  }

  /**
   * Cuts `count` things into ranges for the threads, each but the last a multiple of `unit` long; one range where there is
   * one thread or too little to do. `work` is counted in multiply-adds.
   */
  ranges(count: number, unit: number, work: number): Range[] {
    const parts = Math.max(
      1,
      Math.min(this.threads > 1 ? this.threads * SHARES : 1, Math.floor(work / WORTH)),
    );
    const length = Math.max(unit, Math.ceil(count / parts / unit) * unit);
    return Array.from({ length: Math.max(1, Math.ceil(count / length)) }, (_, i) => ({
      first: i * length,
      count: Math.min(length, count - i * length),
    }));
  }

  /** Makes calls that write to different places: at once where there are threads and `work` is worth it. */
  run(calls: readonly Call[], work: number): void {
    if (this.threads > 1 && calls.length > 1 && work >= 2 * WORTH) this.team?.run(calls);
    else for (const [kernel, ...args] of calls) this.kernels[kernel](...args);
  }

  address({ dataId }: Tf.TensorInfo): number {
    return this.backend.dataIdMap.get(dataId).memoryOffset;
  }

  /** The same elements under one more name. */
  share({ dataId, shape, dtype }: Tf.TensorInfo): Tf.TensorInfo {
    this.backend.incRef(dataId);
    return { dataId, shape, dtype };
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

  /** Copies `value` over what `held` holds, unless other tensors share that; both are of one size and type. */
  overwrite(held: Tf.Tensor, value: Tf.Tensor): boolean {
    if (this.backend.refCount(held.dataId) !== 1) return false;
    const [to, from] = [held, value].map((info) => this.address(info) >>> 0);
    this.backend.wasm.HEAPU8.copyWithin(to, from, from + value.size * Float32Array.BYTES_PER_ELEMENT);
    return true;
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

  /** All of memory as numbers, until anything is allocated. */
  heap(): Float32Array {
    return new Float32Array(this.backend.wasm.HEAPU8.buffer);
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
