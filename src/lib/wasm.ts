// A loop over vectors of numbers, assembled into WebAssembly by hand: where it makes a calculation several times faster
// and a build tool for one function would weigh more than the function. Encoding: webassembly.github.io/spec/core/binary,
// vector instructions included. One function, one memory, numbers as parameters, nothing returned.

/** Encoded instructions. */
export type Code = readonly number[];

const unsigned = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];

/** Two's complement in groups of seven bits. */
function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return done ? [low] : [low | 0x80, ...signed(rest)];
}

const vector = (code: number): Code => [0xfd, ...unsigned(code)];
/** Alignment (as a power of two) and offset of a memory access. */
const at = (alignment: number, offset: number): Code => [alignment, ...unsigned(offset)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const number = (value: number): Code => [0x41, ...signed(value)];
export const add: Code = [0x6a];
export const subtract: Code = [0x6b];
/** A 32-bit integer from memory. */
export const load = (offset = 0): Code => [0x28, ...at(0, offset)];
export const less: Code = [0x49]; // i32.lt_u
/** Repeats `body`; it goes round again as long as the condition that it leaves is not zero. */
export const repeat = (body: Code): Code => [0x03, 0x40, ...body, 0x0d, 0x00, 0x0b];

/** Four floats at once: `f32x4`. */
export const four = {
  load: (offset = 0): Code => [...vector(0x00), ...at(0, offset)],
  store: (offset = 0): Code => [...vector(0x0b), ...at(0, offset)],
  zero: [...vector(0x0c), ...new Array<number>(16).fill(0)] as Code,
  absolute: vector(0xe0),
  add: vector(0xe4),
  multiply: vector(0xe6),
  lane: (lane: number): Code => [...vector(0x1f), lane],
  /** The bytes of one vector that another lists by position, 0 for positions beyond it: `i8x16.swizzle`. */
  pick: vector(0x0e),
};
/** One float. */
export const float = {
  add: [0x92] as Code,
  store: (offset = 0): Code => [0x38, ...at(0, offset)],
};

const I32 = 0x7f;
const V128 = 0x7b;

export interface Kernel {
  /** Parameters are 32-bit integers. */
  readonly run: (...parameters: number[]) => void;
  readonly memory: ArrayBuffer;
}

export interface KernelSource {
  /** Local variables are numbered: parameters first, then integers, then vectors. */
  readonly parameters: number;
  readonly integers: number;
  readonly vectors: number;
  readonly bytes: number;
  readonly body: Code;
}

/** The compiled function; `undefined` where the engine has no WebAssembly, no vectors, or forbids it. */
export function compile({ parameters, integers, vectors, bytes, body }: KernelSource): Kernel | undefined {
  const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
  const name = (text: string): Code => [text.length, ...new TextEncoder().encode(text)];
  const locals = [2, ...unsigned(integers), I32, ...unsigned(vectors), V128];
  const code = [...locals, ...body, 0x0b];
  const module = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, parameters, ...new Array<number>(parameters).fill(I32), 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...unsigned(Math.ceil(bytes / 65536))]),
    ...section(7, [2, ...name('run'), 0, 0, ...name('memory'), 2, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
  try {
    if (!WebAssembly.validate(module)) return undefined;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module));
    return {
      run: exports.run as Kernel['run'],
      memory: (exports.memory as WebAssembly.Memory).buffer as ArrayBuffer,
    };
  } catch {
    return undefined;
  }
}
