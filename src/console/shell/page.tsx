import { type ReactNode, useEffect, useRef } from 'react';
import { cameByLink } from './route.ts';

/** A page: its title, what can be done with all of it, and its content. Whoever has come by a link hears its title. */
export function Page({
  title,
  actions,
  children,
}: {
  readonly title: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = `${title} · Quire`;
  }, [title]);
  useEffect(() => {
    if (cameByLink()) heading.current?.focus();
  }, []);

  return (
    <main id="main" className="page">
      <header className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </main>
  );
}
