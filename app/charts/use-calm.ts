// A value that comes faster than a person can look, thinned out: the first at once, then at most one per interval, and
// always the last.

import { useEffect, useRef, useState } from 'react';

export function useCalm<T>(value: T, interval: number): T {
  const [shown, setShown] = useState(value);
  const due = useRef(0);
  useEffect(() => {
    const wait = due.current - performance.now();
    const show = () => {
      due.current = performance.now() + interval;
      setShown(value);
    };
    if (wait <= 0) {
      show();
      return;
    }
    const timer = setTimeout(show, wait);
    return () => clearTimeout(timer);
  }, [value, interval]);
  return shown;
}
