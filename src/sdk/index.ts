/** `quire/client`: everything that is public. */
export {
  createQuireClient,
  type QuireClient,
  type QuireClientOptions,
  type SendOptions,
} from './client.ts';
export type { Clock } from './clock.ts';
export type { ConnectionState } from './connection-state.ts';
export { ConnectionLost, type ErrorCode, OperationError } from './errors.ts';
export type { UploadProgress } from './form-request.ts';
export * from './generated.ts';
export type { TransportName } from './link.ts';
export type { Observable } from './observable.ts';
export type { CallOptions, Operations } from './operations.ts';
export {
  type Draft,
  type DraftStore,
  EditError,
  type EditErrorCode,
  type IndexedDbDraftsOptions,
  indexedDbDrafts,
  MAX_OFFLINE_CHARS,
  MAX_UNDO_STEPS,
  memoryDrafts,
  type RemoteCursor,
  type SharedText,
  type SharedTextEvents,
  type SharedTextOptions,
  type SharedTextStatus,
  type TextChanged,
  textOfDraft,
} from './text/index.ts';
export type { Job } from './track.ts';
