// The network as it is between two cuts: the graph, its analysis and the origin of its channels. The last two are worked
// out when somebody asks, so that a step does not pay for what only the next one needs.

import { analyse } from '../analysis/analyse.ts';
import { straighten } from '../analysis/straighten.ts';
import type { Analysis, Bindings, Group, Removal } from '../analysis/types.ts';
import type { Graph, Tensor } from '../graph/types.ts';
import { ModelError, type Problem } from '../lib/errors.ts';
import { type Origin, Provenance } from './provenance.ts';
import { type Cost, costAfter, resize } from './resizing.ts';
import { cut } from './surgery.ts';

export interface Cut {
  readonly present: Present;
  readonly cost: Cost;
  readonly problems: readonly Problem[];
}

export class Present {
  readonly graph: Graph;
  private readonly bindings: Bindings | undefined;
  private analysed: Analysis | undefined;
  private readonly makeProvenance: (analysis: Analysis) => Provenance;
  private known: Provenance | undefined;

  constructor(
    graph: Graph,
    bindings: Bindings | undefined,
    provenance: (analysis: Analysis) => Provenance = () => new Provenance(),
    analysis?: Analysis,
  ) {
    this.graph = straighten(graph, bindings);
    this.bindings = bindings;
    this.makeProvenance = provenance;
    this.analysed = analysis;
  }

  get analysis(): Analysis {
    this.analysed ??= analyse(this.graph, this.bindings ? { bindings: this.bindings } : {});
    return this.analysed;
  }

  get provenance(): Provenance {
    this.known ??= this.makeProvenance(this.analysis);
    return this.known;
  }

  originOf(group: Group): Origin {
    return this.provenance.originOf(group);
  }

  /** Units of every group, by the id it had in the model first opened. */
  sizes(): Record<string, number> {
    return Object.fromEntries(this.analysis.groups.map((group) => [this.originOf(group).group, group.units]));
  }

  /** The network after a cut, and its cost. */
  after(removal: Removal): Cut {
    const { analysis: before, provenance } = this;
    const resizing = resize(before, removal);
    const { graph, kept, problems } = cut(before, removal, resizing);
    const inherit = (after: Analysis) => provenance.after(before, kept, after);
    return {
      present: new Present(graph, this.bindings, inherit),
      cost: costAfter(before, removal, resizing),
      problems,
    };
  }

  /** The same network with other weights. @throws ModelError `other-structure` */
  withWeights(graph: Graph): Present {
    for (const [name, tensor] of this.graph.tensors) {
      const [given, wanted] = [typeOf(graph.tensors.get(name)), typeOf(tensor)];
      if (given === wanted) continue;
      throw new ModelError({
        code: 'other-structure',
        where: name,
        message: `The weights given for "${name}" do not fit: ${given} instead of ${wanted}.`,
        hint: 'Only the values of constants may change between two steps.',
      });
    }
    const { provenance } = this;
    return new Present(graph, this.bindings, () => provenance);
  }
}

const typeOf = (tensor: Tensor | undefined): string =>
  tensor ? `${tensor.dtype}[${tensor.dims}]` : 'nothing';
