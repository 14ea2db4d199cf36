import type { MouseEvent, ReactNode } from 'react';
import { go } from './route.ts';

/** What the browser does by itself: another tab or window, a download. */
const isBrowsers = (event: MouseEvent): boolean =>
  event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;

/** A link to another path of the console, which needs no other page load. */
export function Link({
  to,
  className,
  current,
  children,
}: {
  readonly to: string;
  readonly className?: string;
  /** Whether it leads to where one is. */
  readonly current?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <a
      href={to}
      className={className}
      aria-current={current ? 'page' : undefined}
      onClick={(event) => {
        if (event.defaultPrevented || isBrowsers(event)) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
