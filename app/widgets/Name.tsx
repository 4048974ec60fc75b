// A dotted name in a narrow place. Its end tells layers apart, so what is left out is its beginning.

import './name.css';

export function Name({ children }: { readonly children: string }) {
  return (
    <span className="name">
      <bdi>{children}</bdi>
    </span>
  );
}
