// tfjs's single-threaded WebAssembly binary with its memory declared as shared, which is one flag: our threads then compute
// in it beside tfjs, and none of tfjs's own threads, which do not start from a bundled worker, are needed.
// Binary format: https://webassembly.github.io/spec/core/binary/modules.html; threads proposal for the flag.

const BINARY = 'tfjs-backend-wasm-simd.wasm';
const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 0x01;
const SHARED = 0x02;

/** Where the binaries are, the one that we use in shared memory; undefined where it cannot be had. */
export async function sharedMemoryPaths(
  paths: Readonly<Record<string, string>>,
  read: (path: string) => Promise<Uint8Array<ArrayBuffer>> = fetched,
): Promise<Record<string, string> | undefined> {
  const stock = await read(paths[BINARY]).catch(() => undefined);
  const binary = stock && withSharedMemory(stock);
  if (!binary) return undefined;
  return { ...paths, [BINARY]: URL.createObjectURL(new Blob([binary], { type: 'application/wasm' })) };
}

async function fetched(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(response.statusText);
  return new Uint8Array(await response.arrayBuffer());
}

/** The same module over a shared memory; undefined where the binary is not as expected or the engine refuses it. */
function withSharedMemory(binary: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  const content = sectionContent(binary, MEMORY_SECTION);
  // One memory, with a maximum: sharing needs one.
  if (content === undefined || binary[content] !== 1 || binary[content + 1] !== HAS_MAXIMUM) return undefined;
  const shared = new Uint8Array(binary);
  shared[content + 1] = HAS_MAXIMUM | SHARED;
  return WebAssembly.validate(shared) ? shared : undefined;
}

/** Where the content of a section begins. */
function sectionContent(binary: Uint8Array, wanted: number): number | undefined {
  let at = 8;
  while (at < binary.length) {
    const id = binary[at++];
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = binary[at++];
      size |= (byte & 0x7f) << shift;
      if (!(byte & 0x80)) break;
    }
    if (id === wanted) return at;
    at += size;
  }
  return undefined;
}
