/** What is public of the shared text. */
export { MAX_OFFLINE_CHARS } from './check-edit.ts';
export { MAX_CURSORS, type RemoteCursor } from './cursors.ts';
export { type Draft, type DraftStore, memoryDrafts, textOfDraft } from './drafts.ts';
export { EditError, type EditErrorCode } from './errors.ts';
export { type IndexedDbDraftsOptions, indexedDbDrafts } from './indexeddb-drafts.ts';
export type { Answer, Opened, TextLink } from './link.ts';
export type { OutgoingChange } from './outgoing.ts';
export { createSharedText } from './shared-text.ts';
export type {
  SharedText,
  SharedTextEvents,
  SharedTextOptions,
  SharedTextStatus,
  TextChanged,
} from './types.ts';
export { MAX_UNDO_STEPS } from './undo.ts';
