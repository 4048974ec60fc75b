// A text as a number that another text hardly ever has.

/** FNV-1a over the text's UTF-16 units: an integer in [0, 2^32). http://www.isthe.com/chongo/tech/comp/fnv */
export function fingerprint(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
