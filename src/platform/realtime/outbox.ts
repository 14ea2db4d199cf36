import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';

/** Bytes that are handed over in one write; what a reader has taken is known at the end of each. */
const MAX_WRITE_BYTES = 64 * 1024;

/** Entries that may have been taken from the queue's front before the rest moves up. */
const MAX_TAKEN = 256;

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
  /** Writes everything now, regardless of the reader, and closes: the end of the stream follows. */
  finish(): void;
  /** Drops everything. Idempotent; what is pushed afterwards is dropped, too. */
  close(): void;
}

/** Outboxes with something new in them, of the whole process: they are flushed at the end of the turn. */
let dirty: StreamOutbox[] = [];

const flushAll = (): void => {
  const outboxes = dirty;
  dirty = [];
  for (const outbox of outboxes) outbox.flush();
};

/** A class, and not closures: there is one for each socket, and most of them are idle. */
class StreamOutbox implements Outbox {
  readonly #options: OutboxOptions;
  /** What goes out next. Most of the time it is all that waits. */
  #first: string | null = null;
  #firstSender: Sender | undefined;
  /** What comes behind it from `#next` on, with the senders at the same places. */
  #rest: string[] | null = null;
  #senders: (Sender | undefined)[] | null = null;
  #next = 0;
  #queuedBytes = 0;
  #writingBytes = 0;
  #scheduled = false;
  #closed = false;
  #waiters: (() => void)[] | null = null;
  #cancelStall: (() => void) | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get unsentBytes(): number {
    return this.#queuedBytes + this.#writingBytes;
  }

  hasRoom(bytes: number): boolean {
    const unsent = this.#queuedBytes + this.#writingBytes;
    return !this.#closed && (unsent === 0 || unsent + bytes <= this.#options.limitBytes);
  }

  push(bytes: string, sender?: Sender): void {
    if (this.#closed) return;
    this.#queuedBytes += bytes.length;
    if (this.#first === null) {
      this.#first = bytes;
      this.#firstSender = sender;
    } else {
      (this.#rest ??= []).push(bytes);
      (this.#senders ??= []).push(sender);
    }
    if (this.#scheduled || this.#writingBytes > 0) return;
    this.#scheduled = true;
    if (dirty.push(this) === 1) setImmediate(flushAll);
  }

  whenRoom(call: () => void): void {
    if (this.#closed) return;
    if (this.unsentBytes === 0) queueMicrotask(call);
    else (this.#waiters ??= []).push(call);
  }

  /** Writes what a write takes, unless one is under way. */
  flush(): void {
    this.#scheduled = false;
    if (this.#closed || this.#writingBytes > 0) return;
    const chunk = this.#takeChunk();
    if (chunk === '') {
      this.#notify();
      return;
    }
    const { stream } = this.#options;
    this.#writingBytes = chunk.length;
    stream.write(chunk, 'latin1', this.#onWritten);
    if (stream.writableLength > 0) this.#watchForStall();
  }

  finish(): void {
    for (let chunk = this.#takeChunk(); chunk !== ''; chunk = this.#takeChunk()) {
      this.#options.stream.write(chunk, 'latin1');
    }
    this.close();
  }

  close(): void {
    this.#closed = true;
    this.#first = null;
    this.#firstSender = undefined;
    this.#rest = null;
    this.#senders = null;
    this.#waiters = null;
    this.#queuedBytes = 0;
    this.#writingBytes = 0;
    this.#cancelStall?.();
    this.#cancelStall = null;
  }

  readonly #onWritten = (): void => {
    this.#writingBytes = 0;
    this.#cancelStall?.();
    this.#cancelStall = null;
    if (this.#closed) return;
    if (this.#first !== null) this.flush();
    this.#notify();
  };

  /** As much of the queue as one write takes; empty when there was nothing to send in all of it. */
  #takeChunk(): string {
    let chunk = '';
    while (this.#first !== null && chunk.length < MAX_WRITE_BYTES) {
      const bytes = this.#first;
      const room = MAX_WRITE_BYTES - chunk.length;
      if (this.#firstSender?.gone) {
        this.#queuedBytes -= bytes.length;
      } else if (bytes.length > room) {
        chunk += bytes.slice(0, room);
        this.#queuedBytes -= room;
        // What has begun must come to its end.
        this.#first = bytes.slice(room);
        this.#firstSender = undefined;
        break;
      } else {
        chunk += bytes;
        this.#queuedBytes -= bytes.length;
      }
      this.#shift();
    }
    return chunk;
  }

  #shift(): void {
    const bytes = this.#rest?.[this.#next];
    if (bytes === undefined) {
      this.#first = null;
      this.#firstSender = undefined;
      this.#rest = null;
      this.#senders = null;
      this.#next = 0;
      return;
    }
    this.#first = bytes;
    this.#firstSender = this.#senders?.[this.#next];
    // Not held until the rest moves up.
    if (this.#rest) this.#rest[this.#next] = '';
    this.#next += 1;
    if (this.#next < MAX_TAKEN) return;
    this.#rest = this.#rest?.slice(this.#next) ?? null;
    this.#senders = this.#senders?.slice(this.#next) ?? null;
    this.#next = 0;
  }

  #notify(): void {
    if (!this.#waiters || this.unsentBytes > this.#options.limitBytes / 2) return;
    const calls = this.#waiters;
    this.#waiters = null;
    for (const call of calls) call();
  }

  #watchForStall(): void {
    const { clock, stallMs, onStall } = this.#options;
    this.#cancelStall ??= clock.after(stallMs, () => {
      this.#cancelStall = null;
      if (!this.#closed && this.#writingBytes > 0) onStall();
    });
  }
}

/** Opens the outbox of a reader. */
export const createOutbox = (options: OutboxOptions): Outbox => new StreamOutbox(options);
