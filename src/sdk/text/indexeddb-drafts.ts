/// <reference lib="dom" />
import { createStore, del, get, set } from 'idb-keyval';
import type { Draft, DraftStore } from './drafts.ts';

/** Tabs that keep drafts of one document beside each other. */
const MAX_TABS = 16;

export interface IndexedDbDraftsOptions {
  /** Whose drafts they are: the user's id. Another user of the same browser does not get them. */
  readonly owner: string;
}

/**
 * Drafts in the browser's IndexedDB, which outlive the page. Each tab has a place of its own, held by a Web Lock until
 * the tab is closed or crashes: an open tab's draft is not taken by another, which would apply it twice. Where the
 * browser has no locks (a page without TLS), all tabs share one place. One store may be used for many documents, with
 * one shared text of each at a time.
 */
export function indexedDbDrafts({ owner }: IndexedDbDraftsOptions): DraftStore {
  const name = `quire-drafts-${owner}`;
  const store = createStore(name, 'drafts');
  const places = new Map<string, Promise<string>>();

  const placeOf = (documentId: string): Promise<string> => {
    const known = places.get(documentId);
    if (known) return known;
    const found = findPlace(documentId);
    places.set(documentId, found);
    found.catch(() => places.delete(documentId));
    return found;
  };

  /** The first free place with a draft in it, or the first free one. */
  async function findPlace(documentId: string): Promise<string> {
    const free: { readonly place: string; readonly release: () => void }[] = [];
    let chosen: string | undefined;
    for (let tab = 0; tab < MAX_TABS && chosen === undefined; tab += 1) {
      const place = `${documentId}#${tab}`;
      const release = await hold(`${name}/${place}`);
      if (!release) continue;
      free.push({ place, release });
      if (await get<Draft>(place, store)) chosen = place;
    }
    chosen ??= free[0]?.place;
    for (const { place, release } of free) if (place !== chosen) release();
    if (chosen === undefined) throw new Error(`${MAX_TABS} tabs have this document open; close one.`);
    return chosen;
  }

  return {
    load: async (documentId) => (await get<Draft>(await placeOf(documentId), store)) ?? null,
    save: async (documentId, draft) => set(await placeOf(documentId), draft, store),
    remove: async (documentId) => del(await placeOf(documentId), store),
  };
}

/** Takes a lock if it is free, and gives what releases it; null when another tab has it. */
function hold(name: string): Promise<(() => void) | null> {
  const locks = 'locks' in navigator ? navigator.locks : undefined;
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve, reject) => {
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(null);
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}
