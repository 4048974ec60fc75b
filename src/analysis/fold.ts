// Types of every value, and the host values that shape arithmetic works on: one forward pass over the graph.
// Exporters write dynamic shapes as Shape → Gather → Concat → Reshape; unless these integers are folded first,
// every reshape hides its channel count. What cannot be inferred is left unknown, with a problem that says why.

import { elementCount, isFloat, toNumbers } from '../graph/tensor.ts';
import type { Dim, Graph, GraphNode, ValueInfo } from '../graph/types.ts';
import { ModelError, type Problem } from '../lib/errors.ts';
import {
  type HostTensor,
  type NodeView,
  notFolded,
  type Operator,
  readAttrs,
  type ValueType,
} from '../ops/op.ts';
import { operatorOf } from '../ops/table.ts';
import type { Bindings } from './types.ts';

/** Arrays beyond these sizes are data, not shape arithmetic. */
const INTEGER_LIMIT = 1 << 16;
const FLOAT_LIMIT = 1 << 12;
/** No network has longer axes, but a damaged or hostile file may state any: whoever looks into one lists its positions. */
const LONGEST_AXIS = 2 ** 26;

export interface BoundNode {
  readonly operator: Operator;
  readonly view: InferredNode;
}

export interface Inference {
  readonly types: ReadonlyMap<string, ValueType>;
  /** Values computed on the host; constants of the file are decoded on demand by `known`. */
  readonly folded: ReadonlyMap<string, HostTensor>;
  readonly problems: readonly Problem[];
  known(name: string): HostTensor | undefined;
  /** By `GraphNode.id`; `undefined` for an unknown operator or one with inputs of unknown type. */
  bound(node: number): BoundNode | undefined;
  /** Why a node is not bound: completes "… stays because <why>". */
  whyUnbound(node: GraphNode): string;
}

/**
 * Infers types with symbols bound to sizes: those named in `bindings`, others as `bindSymbols` says.
 * @param inputs values of graph inputs that shapes depend on (axes, sizes, limits)
 */
export function inferTypes(
  graph: Graph,
  bindings: Bindings = {},
  inputs: ReadonlyMap<string, HostTensor> = new Map(),
): Inference {
  const inference = new Inferrer(graph, bindings, inputs);
  for (const node of graph.nodes) inference.visit(node);
  return inference;
}

/** Lengths tried for what is neither a batch nor an image, until every operator finds room: samples of a sound, say. */
const LENGTHS = [16, 128, 1024, 16384];

/**
 * The sizes given to the symbols of the graph's inputs: those in `bindings`, else 1 for leading dimensions and those
 * called a batch, 224 for the other ones of images, and `length` for the rest.
 */
export function bindSymbols(
  graph: Graph,
  bindings: Bindings = {},
  length = LENGTHS[0],
): Record<string, number> {
  const out: Record<string, number> = { ...bindings };
  for (const { dims } of graph.inputs)
    dims?.forEach((dim, axis) => {
      if (typeof dim !== 'string' || dim in out) return;
      if (axis === 0 || /batch/i.test(dim)) out[dim] = 1;
      else out[dim] = dims.length >= 4 ? 224 : length;
    });
  return out;
}

/** Operators that find their input too small, and nodes of which nothing is left. */
function misfits(graph: Graph, { problems, types }: Inference): number {
  const isEmpty = (name: string) => {
    const type = types.get(name);
    return type !== undefined && isFloat(type.dtype) && type.dims.includes(0);
  };
  const emptied = graph.nodes.filter(({ outputs }) => outputs.some(isEmpty));
  return problems.filter(({ code }) => code === 'shape-error').length + emptied.length;
}

/** Types at sizes that suit the graph: where it finds its input too small, symbols that nobody bound grow. */
export function inferAtFittingSize(
  graph: Graph,
  given: Bindings = {},
): { readonly bindings: Bindings; readonly inference: Inference } {
  const attempt = (length: number) => {
    const bindings = bindSymbols(graph, given, length);
    return { bindings, inference: inferTypes(graph, bindings) };
  };
  let best = attempt(LENGTHS[0]);
  if (!Object.values(bindSymbols(graph, given, -1)).includes(-1)) return best;
  let fewest = misfits(graph, best.inference);
  for (const length of LENGTHS.slice(1)) {
    if (fewest === 0) break;
    const next = attempt(length);
    const left = misfits(graph, next.inference);
    if (left < fewest) [best, fewest] = [next, left];
  }
  return best;
}

/** What a node is known by before its shape is. */
export interface NodeFacts {
  readonly node: GraphNode;
  readonly attrs: never;
  readonly opset: number;
  /** `undefined` for an omitted input. */
  readonly inputTypes: readonly (ValueType | undefined)[];
}

export class InferredNode implements NodeView<never>, NodeFacts {
  readonly node: GraphNode;
  readonly attrs: never;
  readonly opset: number;
  readonly inputTypes: readonly (ValueType | undefined)[];
  private readonly inference: Inference;

  constructor({ node, attrs, opset, inputTypes }: NodeFacts, inference: Inference) {
    this.node = node;
    this.attrs = attrs;
    this.opset = opset;
    this.inputTypes = inputTypes;
    this.inference = inference;
  }

  get inputs(): number {
    return this.node.inputs.length;
  }

  get outputs(): number {
    return this.node.outputs.length;
  }

  has(i: number): boolean {
    const name = this.node.inputs[i];
    return name !== undefined && name !== '';
  }

  private type(i: number): ValueType {
    const type = this.inputTypes[i];
    if (type) return type;
    throw new ModelError({
      code: 'missing-input',
      where: this.node.name,
      message: `"${this.node.name}" (${this.node.op}) lacks its input ${i}.`,
    });
  }

  shape(i: number): readonly number[] {
    return this.type(i).dims;
  }

  dtype(i: number) {
    return this.type(i).dtype;
  }

  known(i: number): HostTensor | undefined {
    return this.has(i) ? this.inference.known(this.node.inputs[i]) : undefined;
  }

  numbers(i: number): readonly number[] {
    const known = this.known(i);
    if (known) return known.values;
    throw new ModelError({
      code: 'data-dependent',
      where: this.node.name,
      message: `Input ${i} of "${this.node.name}" (${this.node.op}) is only known once the network runs.`,
    });
  }

  outShape(o: number): readonly number[] {
    return this.inference.types.get(this.node.outputs[o])?.dims ?? [];
  }
}

class Inferrer implements Inference {
  readonly types = new Map<string, ValueType>();
  readonly folded = new Map<string, HostTensor>();
  readonly problems: Problem[] = [];
  private readonly graph: Graph;
  private readonly symbols: Record<string, number>;
  private readonly decoded = new Map<string, HostTensor>();
  /** By `GraphNode.id`. */
  private readonly nodes: BoundNode[] = [];
  private readonly failures = new Map<number, string>();

  constructor(graph: Graph, bindings: Bindings, inputs: ReadonlyMap<string, HostTensor>) {
    this.graph = graph;
    this.symbols = bindSymbols(graph, bindings);
    for (const [name, tensor] of graph.tensors)
      if (isTooLong(tensor)) this.problems.push(endless(name, tensor));
      else this.types.set(name, tensor);
    for (const input of graph.inputs) {
      const type = this.declaredType(input);
      if (type && !isTooLong(type)) this.types.set(input.name, type);
    }
    for (const [name, value] of inputs) {
      this.types.set(name, { dtype: value.dtype, dims: value.dims });
      this.folded.set(name, value);
    }
  }

  private declaredType({ dtype, dims }: ValueInfo): ValueType | undefined {
    const sizes = dims?.map((dim: Dim) => (typeof dim === 'number' ? dim : this.symbols[dim]));
    return sizes?.every((size) => size !== undefined) ? { dtype, dims: sizes as number[] } : undefined;
  }

  bound(node: number): BoundNode | undefined {
    return this.nodes[node];
  }

  whyUnbound(node: GraphNode): string {
    return this.failures.get(node.id) ?? `the shape of what "${node.name}" (${node.op}) reads is not known`;
  }

  known(name: string): HostTensor | undefined {
    const folded = this.folded.get(name) ?? this.decoded.get(name);
    if (folded) return folded;
    const tensor = this.graph.tensors.get(name);
    if (!tensor?.bytes || !this.mayFold(tensor)) return undefined;
    const value = { dtype: tensor.dtype, dims: tensor.dims, values: toNumbers(tensor) };
    this.decoded.set(name, value);
    return value;
  }

  private mayFold({ dtype, dims }: ValueType): boolean {
    if (dtype === 'string' || dtype === 'opaque') return false;
    return elementCount(dims) <= (isFloat(dtype) ? FLOAT_LIMIT : INTEGER_LIMIT);
  }

  /** Whether the value can be had on the host, without decoding it. */
  private hasKnown(name: string): boolean {
    if (this.folded.has(name)) return true;
    const tensor = this.graph.tensors.get(name);
    return tensor?.bytes !== undefined && this.mayFold(tensor);
  }

  visit(node: GraphNode): void {
    const operator = operatorOf(node.domain, node.op);
    const inputTypes = node.inputs.map((name) => this.types.get(name));
    const typed = inputTypes.every((type, i) => type || node.inputs[i] === '');
    if (!operator || !typed) {
      if (!operator) {
        this.problems.push(unknownOperator(node, this.problems));
        this.failures.set(node.id, `the operator ${node.op} at "${node.name}" is not understood`);
      }
      this.declareOutputs(node);
      return;
    }
    const attrs = readAttrs(operator.attrs, node.attributes) as never;
    const view = new InferredNode({ node, attrs, opset: this.opsetOf(node), inputTypes }, this);
    try {
      const types = operator.shape(view as never);
      for (const type of types) if (isTooLong(type)) throw new ModelError(endless(node.name, type));
      node.outputs.forEach((name, o) => {
        if (name !== '' && types[o]) this.types.set(name, types[o]);
      });
      this.nodes[node.id] = { operator, view };
      this.fold(node, operator, view, types);
    } catch (error) {
      const problem = shapeProblem(node, error);
      this.problems.push(problem);
      this.failures.set(node.id, problem.message.replace(/\.$/, ''));
      this.declareOutputs(node);
    }
  }

  private opsetOf({ domain }: GraphNode): number {
    const { opsets } = this.graph;
    return opsets.get(domain) ?? opsets.get(domain === '' ? 'ai.onnx' : '') ?? 1;
  }

  private fold(node: GraphNode, operator: Operator, view: InferredNode, types: readonly ValueType[]): void {
    if (operator.fold === notFolded || !types.every((type) => this.mayFold(type))) return;
    const ready = operator.foldsFromTypes || node.inputs.every((name) => name === '' || this.hasKnown(name));
    if (!ready) return;
    operator.fold(view as never).forEach((value, o) => {
      if (node.outputs[o]) this.folded.set(node.outputs[o], value);
    });
  }

  /** Falls back on what the file itself says about the outputs. */
  private declareOutputs(node: GraphNode): void {
    for (const name of node.outputs) {
      const info = this.graph.values.get(name) ?? this.graph.outputs.find((output) => output.name === name);
      const type = info && this.declaredType(info);
      if (type) this.types.set(name, type);
    }
  }
}

/** Where ONNX Runtime keeps operators on weights that are laid out for vectors of one length. */
const FOR_ONE_PROCESSOR = 'com.microsoft.nchwc';

const LAID_OUT =
  'ONNX Runtime has laid this network out for one kind of processor. Open the file it was optimised from, or optimise that at the level "extended".';

/** @param before problems found already: the hint is given once */
function unknownOperator({ name, domain, op }: GraphNode, before: readonly Problem[]): Problem {
  const problem = {
    code: 'unknown-operator',
    where: name,
    message: `"${name}" is a ${domain ? `${domain}.` : ''}${op}, an operator this program does not know; its channels stay as they are.`,
  };
  const wantsHint = domain === FOR_ONE_PROCESSOR && !before.some(({ hint }) => hint === LAID_OUT);
  return wantsHint ? { ...problem, hint: LAID_OUT } : problem;
}

function shapeProblem(node: GraphNode, error: unknown): Problem {
  if (error instanceof ModelError) return error.toProblem();
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'shape-error', where: node.name, message: `"${node.name}" (${node.op}): ${message}` };
}

const isTooLong = ({ dims }: ValueType): boolean => dims.some((length) => length > LONGEST_AXIS);

const endless = (where: string, { dims }: ValueType): Problem => ({
  code: 'shape-error',
  where,
  message: `"${where}" has an axis of ${Math.max(...dims).toLocaleString('en')} positions; ${LONGEST_AXIS.toLocaleString('en')} are followed at most.`,
});
