// A small assembler for WebAssembly with SIMD (https://webassembly.github.io/spec/core/binary). Kernels are written as
// TypeScript that emits instructions, so that tiles are unrolled by ordinary loops and no compiler or binary file is
// needed. Only what the kernels use is here; nothing is checked beyond what the engine validates.

export type Type = 'i32' | 'f32' | 'v128';

/** Instructions that leave one value. */
export interface Expr {
  readonly type: Type;
  readonly code: readonly number[];
}

export interface Local extends Expr {
  readonly index: number;
}

export type Operand = Expr | number;

const typeCode: Record<Type, number> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

// ---------------------------------------------------------------- encoding

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const more = rest > 0x7f;
    bytes.push((rest & 0x7f) | (more ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && !(byte & 0x40)) || (rest === -1 && byte & 0x40)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

const float = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)];
const text = (value: string): number[] => [...unsigned(value.length), ...new TextEncoder().encode(value)];
const vector = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];
const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];
const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

// ---------------------------------------------------------------- expressions

export const i32 = (value: number): Expr => ({ type: 'i32', code: [0x41, ...signed(value)] });
export const f32 = (value: number): Expr => ({ type: 'f32', code: [0x43, ...float(value)] });
export const zeros: Expr = { type: 'v128', code: [...simd(0x0c), ...new Array<number>(16).fill(0)] };

const constant = (value: number, type: Type): Expr =>
  type === 'i32' ? i32(value) : type === 'f32' ? f32(value) : splat(f32(value));

const expr = (operand: Operand, type: Type): Expr =>
  typeof operand === 'number' ? constant(operand, type) : operand;

type Codes = Partial<Record<Type, readonly number[]>>;

function binary(codes: Codes, result?: Type) {
  return (a: Operand, b: Operand): Expr => {
    const type = typeof a === 'number' ? (b as Expr).type : a.type;
    const code = codes[type] as readonly number[];
    return { type: result ?? type, code: [...expr(a, type).code, ...expr(b, type).code, ...code] };
  };
}

const unary =
  (codes: Codes) =>
  (a: Expr): Expr => ({ type: a.type, code: [...a.code, ...(codes[a.type] as readonly number[])] });

export const add = binary({ i32: [0x6a], f32: [0x92], v128: simd(0xe4) });
export const sub = binary({ i32: [0x6b], f32: [0x93], v128: simd(0xe5) });
export const mul = binary({ i32: [0x6c], f32: [0x94], v128: simd(0xe6) });
export const div = binary({ i32: [0x6d], f32: [0x95], v128: simd(0xe7) });
/** Both keep what is not a number. */
export const min = binary({ f32: [0x96], v128: simd(0xe8) });
export const max = binary({ f32: [0x97], v128: simd(0xe9) });
export const sqrt = unary({ f32: [0x91], v128: simd(0xe3) });
/** Comparisons: 1 or 0 for numbers, all bits or none for each lane of a vector. */
export const lessThan = binary({ i32: [0x48], f32: [0x5d] }, 'i32');
export const atLeast = binary({ i32: [0x4e], f32: [0x60] }, 'i32');
export const greaterThan = binary({ i32: [0x4a], f32: [0x5e] }, 'i32');
export const lanesGreater = binary({ v128: simd(0x44) });
export const lanesAtLeast = binary({ v128: simd(0x46) });
export const and = binary({ i32: [0x71], v128: simd(0x4e) });

/** To the nearest whole number, of two the even one. */
export const nearest = unary({ v128: simd(0x6a) });
/** Lanes of whole numbers, as integers; 0 for what is not a number. */
export const integerLanes = unary({ v128: simd(0xf8) });
/** Of lanes of integers. */
export const integersAdded = binary({ v128: simd(0xae) });
export const integersSubtracted = binary({ v128: simd(0xb1) });
export const integersShifted = (a: Expr, bits: number): Expr => ({
  type: 'v128',
  code: [...a.code, ...i32(bits).code, ...simd(0xab)],
});
export const splatInteger = (value: number): Expr => ({
  type: 'v128',
  code: [...i32(value).code, ...simd(0x11)],
});

export const splat = (a: Expr): Expr => ({ type: 'v128', code: [...a.code, ...simd(0x13)] });

export const select = (condition: Expr, yes: Operand, no: Operand, type: Type = 'i32'): Expr => ({
  type,
  code: [...expr(yes, type).code, ...expr(no, type).code, ...condition.code, 0x1b],
});

/** One of the four numbers of a vector. */
export const lane = (a: Expr, index: number): Expr => ({
  type: 'f32',
  code: [...a.code, ...simd(0x1f), index],
});

const memory = (align: number, offset: number): number[] => [align, ...unsigned(offset)];

export const load = (type: Type, address: Expr, offset = 0): Expr => {
  const code = { i32: [0x28], f32: [0x2a], v128: simd(0x00) }[type];
  return { type, code: [...address.code, ...code, ...memory(2, offset)] };
};

/** One number from memory in all four lanes. */
export const loadSplat = (address: Expr, offset = 0): Expr => ({
  type: 'v128',
  code: [...address.code, ...simd(0x09), ...memory(2, offset)],
});

// ---------------------------------------------------------------- functions

/** One function under construction. */
export class FunctionBuilder {
  readonly code: number[] = [];
  readonly types: Type[] = [];
  private readonly parameters: number;
  private readonly fused: boolean;

  constructor(parameters: number, fused: boolean) {
    this.parameters = parameters;
    this.fused = fused;
  }

  local(type: Type): Local {
    const index = this.parameters + this.types.length;
    this.types.push(type);
    return { type, index, code: [0x20, ...unsigned(index)] };
  }

  locals(type: Type, count: number): Local[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /** A local that starts out as `value`. */
  let(value: Expr): Local {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  set(local: Local, value: Operand): void {
    this.code.push(...expr(value, local.type).code, 0x21, ...unsigned(local.index));
  }

  store(address: Expr, value: Expr, offset = 0): void {
    const code = { i32: [0x36], f32: [0x38], v128: simd(0x0b) }[value.type];
    this.code.push(...address.code, ...value.code, ...code, ...memory(2, offset));
  }

  /** `sum += a * b`, in one rounding where the machine has it (relaxed SIMD). */
  accumulate(sum: Local, a: Expr, b: Expr): void {
    if (this.fused && sum.type === 'v128')
      this.set(sum, { type: 'v128', code: [...a.code, ...b.code, ...sum.code, ...simd(0x105)] });
    else this.set(sum, add(sum, mul(a, b)));
  }

  /** Runs `body` for `counter` from `from` on while a whole `step` fits below `end`; counts on where it was left. */
  forEach(counter: Local, from: Operand | undefined, end: Operand, step: Operand, body: () => void): void {
    if (from !== undefined) this.set(counter, from);
    this.code.push(0x02, 0x40, 0x03, 0x40);
    this.code.push(...greaterThan(add(counter, step), end).code, 0x0d, 1);
    body();
    this.set(counter, add(counter, step));
    this.code.push(0x0c, 0, 0x0b, 0x0b);
  }

  when(condition: Expr, yes: () => void, no?: () => void): void {
    this.code.push(...condition.code, 0x04, 0x40);
    yes();
    if (no) {
      this.code.push(0x05);
      no();
    }
    this.code.push(0x0b);
  }
}

// ---------------------------------------------------------------- modules

interface Finished {
  readonly name: string;
  readonly parameters: number;
  readonly body: readonly number[];
}

export type Exports = Readonly<Record<string, (...args: number[]) => void>>;

/** Functions over a memory that somebody else owns. All parameters are i32 or f32; nothing is returned. */
export class ModuleBuilder {
  private readonly functions: (Finished & { readonly signature: readonly Type[] })[] = [];
  private readonly fused: boolean;

  constructor(options: { readonly fused: boolean }) {
    this.fused = options.fused;
  }

  /** Names and types of the parameters in order; `body` gets them as locals. */
  define<P extends Readonly<Record<string, 'i32' | 'f32'>>>(
    name: string,
    parameters: P,
    body: (f: FunctionBuilder, p: { readonly [K in keyof P]: Local }) => void,
  ): void {
    const signature = Object.values(parameters);
    const f = new FunctionBuilder(signature.length, this.fused);
    const locals = Object.keys(parameters).map(
      (key, index) => [key, { type: parameters[key], index, code: [0x20, ...unsigned(index)] }] as const,
    );
    body(f, Object.fromEntries(locals) as unknown as { readonly [K in keyof P]: Local });
    const declared = vector(f.types.map((type) => [1, typeCode[type]]));
    this.functions.push({
      name,
      parameters: signature.length,
      signature,
      body: [...declared, ...f.code, 0x0b],
    });
  }

  bytes(shared: boolean): Uint8Array<ArrayBuffer> {
    const types = this.functions.map(({ signature }) => [
      0x60,
      ...vector(signature.map((type) => [typeCode[type]])),
      0,
    ]);
    const limits = shared ? [0x03, 0, ...unsigned(65536)] : [0x00, 0];
    return Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, vector(types)),
      ...section(2, vector([[...text('env'), ...text('memory'), 0x02, ...limits]])),
      ...section(3, vector(this.functions.map((_, i) => unsigned(i)))),
      ...section(7, vector(this.functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]))),
      ...section(10, vector(this.functions.map(({ body }) => [...unsigned(body.length), ...body]))),
    ]);
  }
}
