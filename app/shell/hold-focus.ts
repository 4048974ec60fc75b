// What has the focus may go, or be switched off, by what it was pressed for. The browser then starts from the top of the
// page; a person at a keyboard stays in the panel instead.

/** @returns a function that stops watching */
export function holdFocus(): () => void {
  let held: Element | undefined;
  let panel: HTMLElement | null = null;
  const onFocus = ({ target }: FocusEvent) => {
    if (!(target instanceof Element)) return;
    held = target;
    panel = target.closest<HTMLElement>('.panel');
  };
  // An element that is about to go is left first: which of the two it was shows afterwards.
  const onBlur = ({ target }: FocusEvent) =>
    setTimeout(() => {
      if (held && target === held && document.activeElement !== held && canHaveFocus(held)) held = undefined;
    });
  const observer = new MutationObserver(() => {
    if (!held || canHaveFocus(held) || document.activeElement !== document.body) return;
    held = undefined;
    panel?.focus({ preventScroll: true });
  });
  document.addEventListener('focusin', onFocus);
  document.addEventListener('focusout', onBlur);
  observer.observe(document.body, { subtree: true, childList: true, attributeFilter: ['disabled'] });
  return () => {
    document.removeEventListener('focusin', onFocus);
    document.removeEventListener('focusout', onBlur);
    observer.disconnect();
  };
}

const canHaveFocus = (element: Element): boolean => element.isConnected && !element.matches(':disabled');
