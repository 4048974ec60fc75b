// Finding a node by name, operator or size.

import { Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { ComboBox, Input, ListBox, ListBoxItem, Popover, Text } from 'react-aria-components';
import type { Drawing, DrawnNode } from '../../src/workbench/engine.ts';
import '../widgets/fields.css';

interface FindProps {
  readonly drawing: Drawing;
  /** All that match what has been typed so far. */
  readonly onMatch: (ids: ReadonlySet<string>) => void;
  readonly onChoose: (node: DrawnNode) => void;
  readonly onClose: () => void;
}

const shownAtOnce = 50;

export function Find({ drawing, onMatch, onChoose, onClose }: FindProps) {
  const [text, setText] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const found = matching(drawing, text);
  useEffect(() => input.current?.focus(), []);
  const change = (value: string) => {
    setText(value);
    onMatch(new Set(value.trim() === '' ? [] : matching(drawing, value).map(({ id }) => id)));
  };
  return (
    <ComboBox
      className="graph-find"
      aria-label="Find a node"
      inputValue={text}
      onInputChange={change}
      items={found.slice(0, shownAtOnce)}
      allowsEmptyCollection
      menuTrigger="input"
      onSelectionChange={(key) => {
        const node = drawing.nodes.find(({ id }) => id === key);
        if (node) onChoose(node);
      }}
    >
      <Search aria-hidden size={14} />
      <Input
        ref={input}
        className="graph-find-input"
        placeholder="Layer, operator or size"
        spellCheck={false}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onClose();
        }}
      />
      <span className="graph-find-count figure">{text.trim() && found.length}</span>
      <Popover className="popover graph-find-popover" offset={4}>
        <ListBox<DrawnNode>
          className="list-box"
          renderEmptyState={() => <p className="about">Nothing of that name.</p>}
        >
          {(node) => (
            <ListBoxItem id={node.id} textValue={node.name} className="list-box-item graph-find-item">
              <Text slot="label" className="code">
                {node.name}
              </Text>
              <Text slot="description" className="about">
                {node.label} · {node.detail}
              </Text>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}

function matching({ nodes }: Drawing, text: string): readonly DrawnNode[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const saying = ({ name, label, detail, shape }: DrawnNode) =>
    `${name} ${label} ${detail} ${shape}`.toLowerCase();
  return nodes.filter((node) => {
    const said = saying(node);
    return words.every((word) => said.includes(word));
  });
}
