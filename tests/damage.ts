// Random damage, as downloads and disks do it.

import type { Random } from '../src/lib/random.ts';

/** Cut short, or with some bytes changed, taken out or doubled. */
export function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.uniform() < 0.15) return bytes.slice(0, random.below(bytes.length));
  const out = [...bytes];
  for (let times = 1 + random.below(4); times > 0; times--) {
    const at = random.below(out.length);
    const kind = random.below(4);
    if (kind === 0) out[at] ^= 1 << random.below(8);
    else if (kind === 1) out[at] = random.below(256);
    else if (kind === 2) out.splice(at, 1 + random.below(8));
    else out.splice(at, 0, ...out.slice(at, at + 1 + random.below(8)));
  }
  return Uint8Array.from(out);
}
