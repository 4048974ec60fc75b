// What a person calls a layer. Training frameworks name parameters after the module that owns them
// (`layer1.0.conv1.weight`); newer exporters put the module's path into the node's name (`/layer1/layer1.0/conv1/Conv`).

import type { GraphNode } from '../../graph/types.ts';
import type { Flow } from './flow.ts';
import type { Kernel } from './kernels.ts';

/** From the constants of the first node, else of those folded into it, else from the node's own name. */
export function layerName(flow: Flow, nodes: readonly GraphNode[], kernel: Kernel | undefined): string {
  const owned = nodes.slice(0, kernel ? 2 : nodes.length).flatMap(flow.constants);
  const candidates = kernel?.tensor === undefined ? owned : [kernel.tensor, ...owned];
  for (const tensor of candidates) {
    const owner = ownerOf(tensor);
    if (owner !== undefined) return owner;
  }
  return pathName(nodes[0].name);
}

const parts =
  /[./_:](weight|bias|kernel|gamma|beta|alpha|embeddings|depthwise_kernel|running_mean|running_var|in_proj_weight|in_proj_bias|[WBwb](_\d+)?)(:0)?$/;

/** `layer1.0.conv1` for `layer1.0.conv1.weight`; `undefined` for a name that an exporter made up. */
function ownerOf(tensor: string): string | undefined {
  const owner = tensor.replace(/\/ReadVariableOp.*$|_quantized$/, '').replace(parts, '');
  return owner === tensor || /^(onnx::|\/|\d+$)/.test(owner) ? undefined : owner;
}

/** `layer1.0.conv1` for `/layer1/layer1.0/conv1/Conv`: a segment that the next one repeats says nothing. */
function pathName(name: string): string {
  if (!name.startsWith('/')) return name;
  const segments = name.slice(1).split('/');
  if (segments.length === 1) return segments[0];
  const said = segments.slice(0, -1);
  return said.filter((segment, i) => !said[i + 1]?.startsWith(`${segment}.`)).join('.');
}

/** `blocks.1.attn` for `blocks.1.attn.q` and `blocks.1.attn.proj`; `undefined` where they share nothing. */
export function commonModule(names: readonly string[]): string | undefined {
  const [first, ...others] = names.map((name) => name.split(/[./]/));
  if (!first || others.length === 0) return undefined;
  let shared = 0;
  while (shared < first.length && others.every((other) => other[shared] === first[shared])) shared++;
  return shared === 0 ? undefined : first.slice(0, shared).join('.');
}
