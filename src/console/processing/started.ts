import { createSubject, type Observable } from '../../sdk/observable.ts';
import type { User } from '../session/session.ts';

/** Batches that a tab remembers; the oldest goes first. */
const MAX_BATCHES = 20;

/** The batches that were started in this tab: the API lists none. */
export interface Started {
  /** Ids, the newest first. */
  readonly batches: Observable<readonly string[]>;
  add(batchId: string): void;
  remove(batchId: string): void;
}

const read = (text: string | null): readonly string[] => {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter((id) => typeof id === 'string').slice(0, MAX_BATCHES) : [];
  } catch {
    return [];
  }
};

/** Those of a user, kept for as long as the tab is open. */
export function createStarted(storage: Storage, user: User): Started {
  const key = `quire.batches.${user.tenantId}/${user.id}`;
  const batches = createSubject(read(storage.getItem(key)));
  const set = (ids: readonly string[]): void => {
    storage.setItem(key, JSON.stringify(ids));
    batches.set(ids);
  };
  return {
    batches,
    add: (id) => set([id, ...batches.current.filter((other) => other !== id)].slice(0, MAX_BATCHES)),
    remove: (id) => set(batches.current.filter((other) => other !== id)),
  };
}
