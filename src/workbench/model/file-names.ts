// What files are called that leave the program.

/** `resnet50.onnx` as `resnet50-pruned.onnx`, or with another extension. */
export function fileNameAfter(name: string, changed: boolean, extension?: string): string {
  const base = name.split(/[\\/]/).at(-1) ?? name;
  const dot = base.lastIndexOf('.');
  const stem = dot > 0 ? base.slice(0, dot) : base;
  const marked = changed && !stem.endsWith('-pruned') ? `${stem}-pruned` : stem;
  return `${marked}${extension ?? (dot > 0 ? base.slice(dot) : '')}`;
}
