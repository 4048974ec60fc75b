// The same graph as a table: for those who cannot see a picture, and for those who would rather read.

import type { Drawing, DrawnNode } from '../../src/workbench/engine.ts';

interface NodeListProps {
  readonly drawing: Drawing;
  readonly lit: string | undefined;
  readonly onPick: (node: DrawnNode) => void;
  readonly onOpen: (node: DrawnNode) => void;
}

export function NodeList({ drawing, lit, onPick, onOpen }: NodeListProps) {
  const names = new Map(drawing.nodes.map(({ id, name }) => [id, name]));
  const groups = new Map(drawing.groups.map((group) => [group.id, group]));
  const readBy = new Map<string, string[]>();
  for (const { source, target } of drawing.edges)
    readBy.set(source, [...(readBy.get(source) ?? []), names.get(target) ?? target]);
  return (
    <div className="node-list" data-own-keys>
      <table>
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Operators</th>
            <th scope="col">Size</th>
            <th scope="col">Group</th>
            <th scope="col">Read by</th>
          </tr>
        </thead>
        <tbody>
          {drawing.nodes.map((node) => {
            const group = groups.get(node.groups[0]);
            return (
              <tr
                key={node.id}
                className={lit !== undefined && node.groups.includes(lit) ? 'lit' : undefined}
              >
                <th scope="row">
                  {group ? (
                    <button type="button" className="link code" onClick={() => onPick(node)}>
                      {node.name}
                    </button>
                  ) : (
                    <span className="code">{node.name}</span>
                  )}
                </th>
                <td>
                  {node.expandable || node.parent !== undefined ? (
                    <button
                      type="button"
                      className="link"
                      aria-expanded={!node.expandable}
                      onClick={() => onOpen(node)}
                    >
                      {node.label}
                    </button>
                  ) : (
                    node.label
                  )}
                </td>
                <td className="code figure">{node.detail}</td>
                <td className="code">{group?.name}</td>
                <td className="code">{readBy.get(node.id)?.join(', ')}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
