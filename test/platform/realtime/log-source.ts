import type { Hearing, Listener } from '../../../src/platform/realtime/broker.ts';
import { createLogStream, type LogHint, type LogStream } from '../../../src/platform/realtime/log-stream.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';

export interface Entry {
  readonly n: number;
  readonly text?: string;
}

interface Read {
  readonly after: number;
  readonly limit: number;
  finish(): void;
  fail(error: Error): void;
}

export interface LogSource {
  readonly clock: ManualClock;
  /** What was asked of the log, and is not answered yet. */
  readonly reads: Read[];
  readCount: number;
  /** The most events that each read wanted. */
  readonly limits: number[];
  readonly listeners: Set<Listener<LogHint<Entry>>>;
  /** The answer to the next `listen`; `hold` leaves it open. */
  hearing: Hearing | 'hold';
  head(): number;
  append(count?: number, text?: string): Entry[];
  hint(entries: readonly Entry[]): void;
  refer(head?: number): void;
  interrupt(): void;
  revive(): void;
  open(options?: {
    after?: number;
    admit?: (newest: Entry | null) => void | Promise<void>;
    charsOf?: (event: Entry) => number;
  }): LogStream<Entry>;
}

/** A log and its announcements, of which the test loses, doubles and delays what it likes. */
export const createLogSource = ({ holdReads = false } = {}): LogSource => {
  const log: Entry[] = [];
  const tell = (visit: (listener: Listener<LogHint<Entry>>) => void): void => {
    for (const listener of [...source.listeners]) visit(listener);
  };
  const source: LogSource = {
    clock: createManualClock(),
    reads: [],
    readCount: 0,
    limits: [],
    listeners: new Set(),
    hearing: 'live',
    head: () => log.length,
    append(count = 1, text) {
      const from = log.length;
      for (let n = from + 1; n <= from + count; n += 1) log.push(text === undefined ? { n } : { n, text });
      return log.slice(from);
    },
    hint: (events) => tell((listener) => listener.onEvent({ head: events.at(-1)?.n ?? 0, events })),
    refer: (head = log.length) => tell((listener) => listener.onEvent({ head })),
    interrupt: () => tell((listener) => listener.onInterrupted?.()),
    revive: () => tell((listener) => listener.onLive?.()),
    open: ({ after = 0, ...rest } = {}) =>
      createLogStream<Entry>({
        ...rest,
        after,
        clock: source.clock,
        cursorOf: ({ n }) => n,
        listen(listener) {
          source.listeners.add(listener);
          return {
            ready: source.hearing === 'hold' ? new Promise(() => {}) : Promise.resolve(source.hearing),
            close: () => void source.listeners.delete(listener),
          };
        },
        read(from, limit) {
          source.readCount += 1;
          source.limits.push(limit);
          return new Promise((resolve, reject) => {
            // Held reads see what the log holds when they are asked, and answer when the test says so.
            const rows = log.slice(from, from + limit);
            const read = { after: from, limit, finish: () => resolve(rows), fail: reject };
            if (holdReads) source.reads.push(read);
            else read.finish();
          });
        },
      }),
  };
  return source;
};

/** Lets everything run that waits for nothing but its turn. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const take = async (stream: AsyncIterator<Entry>, count: number): Promise<number[]> => {
  const got: number[] = [];
  while (got.length < count) {
    const result = await stream.next();
    if (result.done) break;
    got.push(result.value.n);
  }
  return got;
};

/** from, from + 1, … to. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
