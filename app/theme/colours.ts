// Colours of the theme for what draws on a canvas, where CSS variables do not reach.

/** What each token is at this moment, as `rgb(…)`: `colours(element, ['ink', 'accent'])`. */
export function colours<T extends string>(element: Element, tokens: readonly T[]): Record<T, string> {
  const probe = document.createElement('span');
  probe.hidden = true;
  element.append(probe);
  const style = getComputedStyle(probe);
  const out = {} as Record<T, string>;
  for (const token of tokens) {
    probe.style.color = `var(--${token})`;
    out[token] = style.color;
  }
  probe.remove();
  return out;
}

/** Calls back when the colours change, by the person's choice or the system's. @returns a function that stops it */
export function onThemeChange(callback: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  system.addEventListener('change', callback);
  return () => {
    observer.disconnect();
    system.removeEventListener('change', callback);
  };
}
