// Functions that a file defines by itself: exporters write layers, or operators of their library, as calls of them. A
// call is read as the body of its function, with the attributes that the call gives.

import type { GraphNode } from '../../graph/types.ts';
import { ModelError, type Problem } from '../../lib/errors.ts';
import { nameIn } from './attribute.ts';
import { readOpset, standardDomain } from './opsets.ts';
import { FUNCTION, NODE } from './schema.ts';
import { type Field, fieldsOf, type Message, text } from './wire.ts';

/** How far calls may unfold, nodes counted at every level: a few lines could ask for more than any memory holds. */
const MOST_NODES = 500_000;
const DEEPEST = 64;

/** One FunctionProto. */
export interface FunctionDefinition {
  readonly name: string;
  readonly key: string;
  readonly message: Field;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** AttributeProtos that hold where a call says nothing. */
  readonly defaults: readonly Field[];
  readonly opsets: ReadonlyMap<string, number>;
}

const keyOf = (domain: string, name: string, overload: string): string => [domain, name, overload].join('\n');

/** The functions of a file, and what calling them has come to. */
export class Functions {
  private readonly definitions = new Map<string, FunctionDefinition>();
  private readonly entered = new Set<FunctionDefinition>();
  private nodes = 0;

  constructor(messages: Iterable<Field>) {
    for (const message of messages) {
      const definition = readDefinition(message);
      this.definitions.set(definition.key, definition);
    }
  }

  /** What a node calls; `undefined` where it is an operator, or asks for more than the function has. */
  calledBy({ domain, op, inputs, outputs }: GraphNode, message: Message): FunctionDefinition | undefined {
    if (this.definitions.size === 0) return undefined;
    const found = this.definitions.get(keyOf(domain, op, nameIn(message, NODE.overload)));
    const fits = found && inputs.length <= found.inputs.length && outputs.length <= found.outputs.length;
    return fits ? found : undefined;
  }

  /**
   * Notes a call.
   * @param open the functions whose bodies it lies in
   * @throws ModelError `illegal-graph`, `too-large`
   */
  enter(definition: FunctionDefinition, open: readonly FunctionDefinition[]): void {
    if (open.includes(definition)) throw endless(definition);
    if (open.length >= DEEPEST) throw tooLarge(`call each other more than ${DEEPEST} deep`);
    this.entered.add(definition);
  }

  /** Where in the file the functions begin that were called. */
  called(): Set<number> {
    return new Set([...this.entered].map(({ message }) => message.start));
  }

  /** Counts the nodes of a body. @throws ModelError `too-large` */
  count(nodes: number): void {
    this.nodes += nodes;
    if (this.nodes > MOST_NODES) throw tooLarge('unfold to more than half a million nodes');
  }

  /** Adds the operator sets of called functions to those of the model. */
  joinOpsets(opsets: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
    const joined = new Map(opsets);
    for (const { opsets: own } of this.entered)
      for (const [domain, version] of own) if (!joined.has(domain)) joined.set(domain, version);
    return joined;
  }

  /** Functions written for other operator sets than the model's. */
  problems(opsets: ReadonlyMap<string, number>): Problem[] {
    return [...this.entered].flatMap(({ name, opsets: own }) =>
      [...own]
        .filter(([domain, version]) => (opsets.get(domain) ?? version) !== version)
        .map(([domain, version]) => ({
          code: 'function-opset',
          where: name,
          message: `The function "${name}" is written for version ${version} of ${domain || 'the standard operators'}, the model for ${opsets.get(domain)}; it is read as the model is.`,
        })),
    );
  }
}

const endless = ({ name }: FunctionDefinition): ModelError =>
  new ModelError({
    code: 'illegal-graph',
    where: name,
    message: `The function "${name}" calls itself, so this graph cannot be run.`,
    hint: 'Export the model again; an ONNX function never leads back to itself.',
  });

const tooLarge = (what: string): ModelError =>
  new ModelError({
    code: 'too-large',
    where: 'functions',
    message: `The functions of the file ${what}.`,
    hint: 'Export the model without functions.',
  });

function readDefinition(message: Field): FunctionDefinition {
  let [name, domain, overload] = ['', '', ''];
  const inputs: string[] = [];
  const outputs: string[] = [];
  const defaults: Field[] = [];
  const opsets = new Map<string, number>();
  for (const field of fieldsOf(message)) {
    if (field.no === FUNCTION.name) name = text(field);
    else if (field.no === FUNCTION.domain) domain = standardDomain(text(field));
    else if (field.no === FUNCTION.overload) overload = text(field);
    else if (field.no === FUNCTION.input) inputs.push(text(field));
    else if (field.no === FUNCTION.output) outputs.push(text(field));
    else if (field.no === FUNCTION.attribute) defaults.push(field);
    else if (field.no === FUNCTION.opsetImport) readOpset(field, opsets);
  }
  return { name, key: keyOf(domain, name, overload), message, inputs, outputs, defaults, opsets };
}
