import { useSyncExternalStore } from 'react';

/** What a path stands for. src/platform/server/console.ts serves the page at exactly these. */
export type Route =
  | { readonly page: 'documents' }
  | { readonly page: 'document'; readonly id: string }
  | { readonly page: 'processing' }
  | { readonly page: 'operations' }
  | { readonly page: 'unknown' };

/** Told when this page has gone to another path by itself; the browser tells of its own going back and forth. */
const MOVED = 'quire:moved';

/** What the browser keeps with a path that one has come to by `go`. */
const BY_LINK = 'by link';

/** The route of a path. */
export function routeOf(path: string): Route {
  const [, first = '', second, ...more] = path.split('/');
  if (more.length > 0) return { page: 'unknown' };
  if (second !== undefined) {
    if (first !== 'documents' || second === '') return { page: 'unknown' };
    try {
      return { page: 'document', id: decodeURIComponent(second) };
    } catch {
      return { page: 'unknown' };
    }
  }
  switch (first) {
    case '':
    case 'documents':
      return { page: 'documents' };
    case 'processing':
      return { page: 'processing' };
    case 'operations':
      return { page: 'operations' };
    default:
      return { page: 'unknown' };
  }
}

/** The path of a document's page. */
export function documentPath(id: string): string {
  return `/documents/${encodeURIComponent(id)}`;
}

/** Goes to another path of the console. */
export function go(path: string): void {
  if (path === location.pathname) return;
  history.pushState(BY_LINK, '', path);
  scrollTo(0, 0);
  dispatchEvent(new Event(MOVED));
}

/** Whether one has come here from another page of the console, and not by loading it. */
export function cameByLink(): boolean {
  return history.state === BY_LINK;
}

const listen = (changed: () => void): (() => void) => {
  addEventListener('popstate', changed);
  addEventListener(MOVED, changed);
  return () => {
    removeEventListener('popstate', changed);
    removeEventListener(MOVED, changed);
  };
};

/** The path that the page is at. */
export function usePath(): string {
  return useSyncExternalStore(listen, () => location.pathname);
}
