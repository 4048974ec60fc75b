// Ratios of single layers as a person writes them: `layer1.* = 0.2`, one a line.

export function parseRatios(text: string): Record<string, number> {
  const entries = text.split('\n').flatMap((line) => {
    const at = line.lastIndexOf('=');
    const name = line.slice(0, at).trim();
    const value = line.slice(at + 1).trim();
    const ratio = value.endsWith('%') ? Number(value.slice(0, -1)) / 100 : Number(value);
    return at > 0 && name && value && ratio >= 0 && ratio <= 1 ? [[name, ratio] as const] : [];
  });
  return Object.fromEntries(entries);
}

export const printRatios = (ratios: Readonly<Record<string, number>>): string =>
  Object.entries(ratios)
    .map(([name, ratio]) => `${name} = ${ratio}`)
    .join('\n');
