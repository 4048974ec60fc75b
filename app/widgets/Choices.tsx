// A list to choose one entry from, by pointer or arrows. It scrolls itself and never the page. The list keeps the focus and
// leaves letters, Space and Enter to the page's commands, which is why it is not react-aria's.

import { type KeyboardEvent, memo, type ReactNode, useEffect, useId, useRef } from 'react';
import './choices.css';

interface ChoicesProps<T extends { readonly id: string }> {
  readonly label: string;
  readonly items: readonly T[];
  readonly selected: string | undefined;
  readonly onSelect: (id: string) => void;
  readonly onPoint?: (id: string | undefined) => void;
  /** Draws an entry; the same function every time, so that entries which have not changed are not drawn again. */
  readonly children: (item: T) => ReactNode;
  /** Marks the list so that a command can give it the focus. */
  readonly name?: string;
}

export function Choices<T extends { readonly id: string }>({
  label,
  items,
  selected,
  onSelect,
  onPoint,
  children,
  name,
}: ChoicesProps<T>) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const at = items.findIndex((item) => item.id === selected);

  useEffect(() => {
    const box = list.current;
    const row = at < 0 ? undefined : box?.children[at];
    if (!box || !(row instanceof HTMLElement)) return;
    const observer = new ResizeObserver(() => keepInView(box, row));
    observer.observe(box);
    return () => observer.disconnect();
  }, [at]);

  const onKeyDown = (event: KeyboardEvent) => {
    const target = targetOf(event.key, at, items.length);
    if (target === undefined || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    const item = items[target];
    if (item) onSelect(item.id);
  };
  const idAt = (target: EventTarget): string | undefined => {
    const row = target instanceof Element ? target.closest<HTMLElement>('[role=option]') : null;
    return row ? items[Number(row.dataset.index)]?.id : undefined;
  };

  return (
    <div
      ref={list}
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={at < 0 ? undefined : `${id}-${at}`}
      className="choices"
      data-name={name}
      onKeyDown={onKeyDown}
      onClick={({ target }) => {
        const chosen = idAt(target);
        if (chosen !== undefined) onSelect(chosen);
      }}
      onPointerOver={({ target }) => onPoint?.(idAt(target))}
      onPointerLeave={() => onPoint?.(undefined)}
    >
      {items.map((item, index) => (
        <Entry key={item.id} list={id} index={index} selected={index === at} item={item} draw={children} />
      ))}
    </div>
  );
}

interface EntryProps<T> {
  readonly list: string;
  readonly index: number;
  readonly selected: boolean;
  readonly item: T;
  readonly draw: (item: T) => ReactNode;
}

const Entry = memo(function Entry<T>({ list, index, selected, item, draw }: EntryProps<T>) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names its active entry
    <div id={`${list}-${index}`} data-index={index} role="option" aria-selected={selected} className="choice">
      {draw(item)}
    </div>
  );
}) as <T>(props: EntryProps<T>) => ReactNode;

function targetOf(key: string, at: number, count: number): number | undefined {
  if (count === 0) return undefined;
  if (key === 'ArrowDown') return Math.min(count - 1, at + 1);
  if (key === 'ArrowUp') return Math.max(0, at - 1);
  if (key === 'Home') return 0;
  return key === 'End' ? count - 1 : undefined;
}

function keepInView(box: HTMLElement, row: HTMLElement): void {
  const outer = box.getBoundingClientRect();
  const inner = row.getBoundingClientRect();
  if (inner.top < outer.top) box.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom;
}
