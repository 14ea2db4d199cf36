import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';

/** Bytes that are handed over in one write; what a reader has taken is known at the end of each. */
const MAX_WRITE_BYTES = 64 * 1024;

/** Who put something into an outbox; what is still there when they have gone is not sent. */
export interface Sender {
  readonly gone: boolean;
}

export interface OutboxOptions {
  /** Text is written to it in latin1: a character is a byte. */
  readonly stream: Pick<Writable, 'write' | 'writableLength'>;
  /** Bytes that may wait before streams are told that there is no room. */
  readonly limitBytes: number;
  /** Milliseconds after which a reader that takes nothing is given up. */
  readonly stallMs: number;
  readonly clock: Clock;
  /** The reader has taken nothing for `stallMs`, although something waits. */
  readonly onStall: () => void;
}

/**
 * What waits to be sent to one reader. What is put into it in one turn of the event loop goes out in one write at the
 * end of the turn, in order. The bytes are its own and the operating system's buffers are not counted.
 */
export interface Outbox {
  /** Bytes that wait, or are being written. */
  readonly unsentBytes: number;
  /** True when a stream may add so many bytes. Something of any size has room when nothing waits. */
  hasRoom(bytes: number): boolean;
  /** Adds bytes, a character each, whatever waits already. */
  push(bytes: string, sender?: Sender): void;
  /** Calls once, when half of the room is free. */
  whenRoom(call: () => void): void;
  /** Writes everything now, regardless of the reader: the end of the stream follows. */
  finish(): void;
  /** Drops everything. Idempotent; what is pushed afterwards is dropped, too. */
  close(): void;
}

/** Outboxes with something new in them, of the whole process: they are flushed at the end of the turn. */
let dirty: (() => void)[] = [];

const flushAll = (): void => {
  const flushes = dirty;
  dirty = [];
  for (const flush of flushes) flush();
};

const flushLater = (flush: () => void): void => {
  if (dirty.push(flush) === 1) setImmediate(flushAll);
};

/** Opens the outbox of a reader. */
export const createOutbox = ({ stream, limitBytes, stallMs, clock, onStall }: OutboxOptions): Outbox => {
  /** What waits, with its senders at the same places; null while nothing does, so that an idle outbox is small. */
  let queue: string[] | null = null;
  let senders: (Sender | undefined)[] = [];
  let queuedBytes = 0;
  let writingBytes = 0;
  let flushing = false;
  let closed = false;
  let waiters: (() => void)[] | null = null;
  let cancelStall: (() => void) | null = null;

  const unsentBytes = (): number => queuedBytes + writingBytes;

  /** As much of the queue as one write takes; empty when there was nothing to send in all of it. */
  const takeChunk = (entries: string[]): string => {
    let chunk = '';
    let index = 0;
    while (index < entries.length && chunk.length < MAX_WRITE_BYTES) {
      const bytes = entries[index] ?? '';
      const room = MAX_WRITE_BYTES - chunk.length;
      if (senders[index]?.gone) {
        queuedBytes -= bytes.length;
      } else if (bytes.length > room) {
        chunk += bytes.slice(0, room);
        queuedBytes -= room;
        // What has begun must come to its end.
        entries[index] = bytes.slice(room);
        senders[index] = undefined;
        break;
      } else {
        chunk += bytes;
        queuedBytes -= bytes.length;
      }
      index += 1;
    }
    if (index === entries.length) {
      queue = null;
      senders = [];
    } else {
      queue = entries.slice(index);
      senders = senders.slice(index);
    }
    return chunk;
  };

  const watchForStall = (): void => {
    cancelStall ??= clock.after(stallMs, () => {
      cancelStall = null;
      if (!closed && writingBytes > 0) onStall();
    });
  };

  const notify = (): void => {
    if (!waiters || unsentBytes() > limitBytes / 2) return;
    const calls = waiters;
    waiters = null;
    for (const call of calls) call();
  };

  const onWritten = (): void => {
    writingBytes = 0;
    cancelStall?.();
    cancelStall = null;
    if (closed) return;
    if (queue) flush();
    notify();
  };

  const flush = (): void => {
    flushing = false;
    if (closed || writingBytes > 0 || !queue) return;
    const chunk = takeChunk(queue);
    if (chunk === '') {
      notify();
      return;
    }
    writingBytes = chunk.length;
    stream.write(chunk, 'latin1', onWritten);
    if (stream.writableLength > 0) watchForStall();
  };

  return {
    get unsentBytes() {
      return unsentBytes();
    },
    hasRoom(bytes) {
      const unsent = unsentBytes();
      return !closed && (unsent === 0 || unsent + bytes <= limitBytes);
    },
    push(bytes, sender) {
      if (closed) return;
      queue ??= [];
      senders[queue.push(bytes) - 1] = sender;
      queuedBytes += bytes.length;
      if (flushing || writingBytes > 0) return;
      flushing = true;
      flushLater(flush);
    },
    whenRoom(call) {
      if (unsentBytes() === 0) queueMicrotask(call);
      else (waiters ??= []).push(call);
    },
    finish() {
      while (queue) {
        const chunk = takeChunk(queue);
        if (chunk !== '') stream.write(chunk, 'latin1');
      }
    },
    close() {
      closed = true;
      queue = null;
      senders = [];
      waiters = null;
      queuedBytes = 0;
      writingBytes = 0;
      cancelStall?.();
      cancelStall = null;
    },
  };
};
