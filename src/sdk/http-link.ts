import type { Clock } from './clock.ts';
import { createDeferred } from './deferred.ts';
import { ConnectionLost, OperationError } from './errors.ts';
import { readEvents } from './event-stream.ts';
import { type Http, lostBy, resultIn } from './http.ts';
import { ClientClosed, type Link, ResponsesGathered, type StreamEnd, type StreamSink } from './link.ts';
import type { Operation, Result } from './operation.ts';
import { joinSignals, type StopSignal } from './signals.ts';

/** Seconds that a polled response may wait for its first event. */
export const WAIT_SECONDS = 20;
/** Milliseconds in which the first byte of an event stream comes: the server sends one at once. */
const FIRST_BYTE_MS = 5_000;
/** Milliseconds without a byte after which an event stream is lost: the server sends one every 12 s. */
const SILENCE_MS = 30_000;

export interface HttpLinkOptions {
  readonly http: Http;
  readonly clock: Clock;
  /** `polling`: each response ends after its first events, for ways that keep it back until then. */
  readonly transport: 'sse' | 'polling';
  /** Whether to give up as ResponsesGathered when no first byte comes. */
  readonly canGiveUp: boolean;
}

const isEvents = (response: Response): boolean =>
  (response.headers.get('content-type') ?? '').startsWith('text/event-stream');

/**
 * Tries the server and the token, and speaks by requests from then on. Rejects as `Http.connect` does. The signal ends
 * what it runs, also when it was retired.
 */
export async function openHttpLink(
  { http, clock, transport, canGiveUp }: HttpLinkOptions,
  signal: StopSignal,
): Promise<Link> {
  // One of its own: `fetch` listens to a signal for longer than to its response.
  const attempt = joinSignals(signal);
  await http.connect(attempt.signal).finally(() => attempt.release());
  const lost = createDeferred<Error>();
  /** What ends each of the streams. */
  const streams = new Set<(end: Error) => void>();
  let reason: Error | null = null;

  function endStreams(why: Error): void {
    for (const end of streams) end(why);
  }

  function lose(why: Error): void {
    if (reason) return;
    reason = why;
    endStreams(why);
    lost.resolve(why);
  }

  /** Starts a stream; `onBytes` is told of each sign of life. */
  function start(operation: Operation, sink: StreamSink, onBytes = (): void => {}): () => void {
    const abort = new AbortController();
    let over = false;
    let cancelTimer = (): void => {};

    const leave = (): boolean => {
      if (over) return false;
      over = true;
      cancelTimer();
      streams.delete(end);
      abort.abort();
      return true;
    };
    const end = (how: StreamEnd): void => {
      if (leave()) sink.end(how);
    };
    const expectBytes = (ms: number, why: () => Error): void => {
      cancelTimer();
      if (!over) cancelTimer = clock.after(ms, () => lose(why()));
    };
    const isSilent = (): Error => new ConnectionLost(1006, 'Nothing has come for too long.');

    async function read(): Promise<void> {
      await http.token();
      if (over) return;
      // What keeps responses back keeps back their heads, too.
      if (transport === 'polling') expectBytes(WAIT_SECONDS * 1000 + SILENCE_MS, isSilent);
      else if (canGiveUp) expectBytes(FIRST_BYTE_MS, () => new ResponsesGathered());
      else expectBytes(SILENCE_MS, isSilent);
      const wanted = { Accept: 'text/event-stream' };
      const response = await http.post(operation, {
        headers: transport === 'polling' ? { ...wanted, Prefer: `wait=${WAIT_SECONDS}` } : wanted,
        signal: abort.signal,
      });
      if (!isEvents(response) || !response.body) {
        const { errors } = resultIn(await response.text(), response.status);
        return end(errors ? new OperationError(errors) : 'again');
      }
      let isComplete = false;
      await readEvents(response.body, {
        onBytes() {
          expectBytes(SILENCE_MS, isSilent);
          onBytes();
        },
        onEvent({ event, data }) {
          if (over || isComplete) return;
          if (event === 'complete') isComplete = true;
          else sink.next(resultIn(data, response.status));
        },
      });
      end(isComplete ? null : 'again');
    }

    streams.add(end);
    if (reason) queueMicrotask(() => reason && end(reason));
    else
      read().catch((error: unknown) => {
        if (!over) lose(lostBy(error, undefined));
      });
    return () => void leave();
  }

  return {
    transport,
    lost: lost.promise,
    subscribe: (operation, sink) => start(operation, sink),
    renewToken: () => http.renew(),
    async run(operation, withSignal): Promise<Result> {
      const joined = joinSignals(withSignal, signal);
      try {
        return await http.ask(operation, joined.signal);
      } catch (error) {
        if (error instanceof ConnectionLost) lose(error);
        throw error;
      } finally {
        joined.release();
      }
    },
    carries(operation) {
      return new Promise((resolve, reject) => {
        const stop = start(
          operation,
          {
            next: () => {},
            end: (how) =>
              how instanceof ResponsesGathered || !(how instanceof Error) ? resolve(false) : reject(how),
          },
          () => {
            stop();
            resolve(true);
          },
        );
      });
    },
    retire: () => lose(new ConnectionLost(1000, 'Another transport has taken over.')),
    async close() {
      lose(new ClientClosed());
    },
  };
}
