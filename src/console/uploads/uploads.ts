import { OperationError } from '../../sdk/errors.ts';
import { createSubject, type Observable } from '../../sdk/observable.ts';
import { type Problem, problemOf } from '../api/problem.ts';
import type { Credentials } from '../session/session.ts';
import { sendFile, type UploadedDocument } from './send-file.ts';

/** Uploads at a time; the server takes ten of a user. */
const MAX_SENDING = 3;
/** Files in the list, those that have ended included. */
export const MAX_FILES = 200;

export interface Upload {
  /** Its place in the order of asking. */
  readonly id: number;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly state: 'waiting' | 'sending' | 'done' | 'failed';
  /** The part that has been sent, 0 to 1. */
  readonly sent: number;
  readonly document: UploadedDocument | null;
  readonly problem: Problem | null;
}

/** The files that this page uploads, a few at a time, wherever one goes on it meanwhile. */
export interface Uploads {
  readonly list: Observable<readonly Upload[]>;
  /** Takes as many as there is room for (MAX_FILES); returns how many were not taken. */
  add(files: readonly File[]): number;
  /** Stops one, and takes it from the list. */
  remove(id: number): void;
  /** Sends one again that has failed. */
  retry(id: number): void;
  /** Takes all that have ended from the list. */
  clear(): void;
  /** Stops them all. */
  close(): void;
}

/** Begins with no files. */
export function createUploads(credentials: Credentials, send = sendFile): Uploads {
  const list = createSubject<readonly Upload[]>([]);
  const files = new Map<number, File>();
  const sending = new Map<number, AbortController>();
  let lastId = 0;

  const change = (id: number, changes: Partial<Upload>): void =>
    list.set(list.current.map((upload) => (upload.id === id ? { ...upload, ...changes } : upload)));

  /** Sends a file, and again with another token when one is refused. */
  async function transfer(id: number, file: File, signal: AbortSignal): Promise<UploadedDocument> {
    for (;;) {
      const token = await credentials.token();
      signal.throwIfAborted();
      try {
        return await send(file, { token, signal, onProgress: (sent) => change(id, { sent }) });
      } catch (error) {
        if (!(error instanceof OperationError && error.code === 'UNAUTHENTICATED')) throw error;
        credentials.expire(token);
      }
    }
  }

  async function run(id: number, file: File): Promise<void> {
    const stop = new AbortController();
    sending.set(id, stop);
    change(id, { state: 'sending', sent: 0, problem: null });
    try {
      const document = await transfer(id, file, stop.signal);
      files.delete(id);
      change(id, { state: 'done', sent: 1, document });
    } catch (error) {
      if (!stop.signal.aborted)
        change(id, { state: 'failed', problem: problemOf(error instanceof Error ? error : new Error()) });
    } finally {
      sending.delete(id);
      next();
    }
  }

  function next(): void {
    for (const { id, state } of list.current) {
      if (sending.size >= MAX_SENDING) return;
      const file = files.get(id);
      if (state === 'waiting' && file) void run(id, file);
    }
  }

  return {
    list,
    add(given) {
      const taken = given.slice(0, MAX_FILES - list.current.length);
      const added = taken.map((file): Upload => {
        lastId += 1;
        files.set(lastId, file);
        const { name, size } = file;
        return { id: lastId, name, size, state: 'waiting', sent: 0, document: null, problem: null };
      });
      list.set([...list.current, ...added]);
      next();
      return given.length - taken.length;
    },
    remove(id) {
      files.delete(id);
      list.set(list.current.filter((upload) => upload.id !== id));
      sending.get(id)?.abort();
      next();
    },
    retry(id) {
      change(id, { state: 'waiting', sent: 0, problem: null });
      next();
    },
    clear() {
      const open = list.current.filter(({ state }) => state === 'waiting' || state === 'sending');
      const kept = new Set(open.map(({ id }) => id));
      for (const id of files.keys()) if (!kept.has(id)) files.delete(id);
      list.set(open);
    },
    close() {
      files.clear();
      list.set([]);
      for (const stop of sending.values()) stop.abort();
    },
  };
}
