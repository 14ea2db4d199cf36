import { backoff } from './backoff.ts';
import { type Clock, wait } from './clock.ts';
import { ConnectionLost, OperationError } from './errors.ts';
import { WAIT_SECONDS } from './http-link.ts';
import type { Line } from './line.ts';
import { ClientClosed, isFatal, type Link, type StreamEnd, toError } from './link.ts';
import type { Operation, Result } from './operation.ts';
import type { Cursor, StreamPlan } from './stream-plan.ts';
import { createUnread } from './unread.ts';

/** Milliseconds between two looks at a STATE that is polled: each answer is the whole of it, changed or not. */
const STATE_POLL_MS = 2_000;
/** Milliseconds after which a token that was accepted, and is not any more, counts as expired and not as refused. */
const TOKEN_LIFE_MS = 5_000;

export interface FollowOptions {
  readonly line: Line;
  readonly plan: StreamPlan;
  readonly operation: Operation;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal | undefined;
}

/** How one stream went. */
interface Piece {
  /** `full`: what waits to be read is as much as may. */
  readonly end: StreamEnd | 'full';
  /** Values that it brought. */
  readonly count: number;
  /** Milliseconds that it took. */
  readonly ms: number;
}

/** Milliseconds after which an operation that was refused is worth trying again; null when it is not. */
function retryAfter({ code, extensions }: OperationError, otherwise: number): number | null {
  if (code === 'UNAVAILABLE') return otherwise;
  if (code !== 'RATE_LIMITED') return null;
  const ms = Number(extensions['retryAfterMs']);
  return ms >= 0 ? Math.max(ms, otherwise) : otherwise;
}

/**
 * Follows a subscription for as long as the server has something to tell: a stream that was lost is begun again, a LOG
 * behind the last value that came. Starts at once. It ends with OperationError when the server says so, with the signal's
 * reason, with what has ended the client, or in peace.
 */
export function follow<Data>(options: FollowOptions): AsyncIterableIterator<Data, undefined> {
  const { line, plan, operation, clock, random, signal } = options;
  const leaving = new AbortController();
  const variable = plan.kind === 'LOG' ? plan.variable : null;
  const given = variable === null ? null : operation.variables[variable];
  let cursor: Cursor | null = typeof given === 'string' || typeof given === 'number' ? given : null;
  let last: string | null = null;
  let makeRoom = (): void => {};

  const unread = createUnread<Data>({
    keeps: plan.kind === 'LOG' || plan.inEvents ? 'all' : 'newest',
    onRoom: () => makeRoom(),
    onLeave: () => leaving.abort(),
  });

  const present = (): Operation =>
    variable === null || cursor === null
      ? operation
      : { ...operation, variables: { ...operation.variables, [variable]: cursor } };

  /** Takes a value in; false when there is room for no other. */
  function take(data: Data, link: Link): boolean {
    if (plan.kind === 'LOG') cursor = plan.cursorOf(data) ?? cursor;
    else if (link.transport === 'polling' && !plan.inEvents) {
      const text = JSON.stringify(data);
      if (text === last) return true;
      last = text;
    }
    if (unread.push(data)) return true;
    // Events that were missed are told by the snapshot that the next stream begins with.
    if (plan.kind === 'STATE') unread.clear();
    return false;
  }

  /** One stream, to its end. Never rejects. */
  function once(link: Link): Promise<Piece> {
    const since = clock.now();
    let count = 0;
    return new Promise((resolve) => {
      const leave = (): void => finish('again');
      const finish = (end: Piece['end']): void => {
        leaving.signal.removeEventListener('abort', leave);
        stop();
        resolve({ end, count, ms: clock.now() - since });
      };
      const stop = link.subscribe(present(), {
        next({ data, errors }: Result) {
          if (errors) return finish(new OperationError(errors));
          if (!data) return;
          count += 1;
          if (!take(data as Data, link)) finish('full');
        },
        end: finish,
      });
      leaving.signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Where a LOG begins whose reader has not said: where it is now, to be known before anything can be missed. */
  async function begin(link: Link): Promise<void> {
    if (plan.kind !== 'LOG' || cursor !== null) return;
    const { data, errors } = await link.run(plan.beginning, leaving.signal);
    if (errors) throw new OperationError(errors);
    cursor = plan.beginsAt(data);
  }

  /** Milliseconds until a response that has ended may be asked for again. */
  function pollAfter({ count, ms }: Piece, link: Link, failures: number): number {
    if (link.transport !== 'polling') return count > 0 ? 0 : backoff(failures, random);
    if (plan.kind === 'STATE') return Math.max(STATE_POLL_MS - ms, 0);
    return count > 0 ? 0 : Math.max(WAIT_SECONDS * 1000 - ms, 0);
  }

  async function run(): Promise<void> {
    let failures = 0;
    let renewals = 0;
    for (;;) {
      const link = await line.link({ isPatient: true, signal: leaving.signal });
      const since = clock.now();
      const piece = await begin(link).then(
        () => once(link),
        (error: unknown): Piece => ({ end: toError(error), count: 0, ms: clock.now() - since }),
      );
      leaving.signal.throwIfAborted();
      const { end, count, ms } = piece;
      failures = count > 0 ? 1 : failures + 1;
      if (ms >= TOKEN_LIFE_MS || end === 'again') renewals = 0;
      if (end === null) return;
      if (end === 'full') {
        if (plan.kind === 'LOG') await room();
        continue;
      }
      if (end === 'again') {
        await wait(clock, pollAfter(piece, link, failures), leaving.signal);
        continue;
      }
      if (end instanceof ConnectionLost && !isFatal(end)) {
        // A line that has lost its link waits by itself before it connects again.
        if (line.current === link) await wait(clock, backoff(failures, random), leaving.signal);
        continue;
      }
      if (!(end instanceof OperationError)) throw end;
      if (end.code === 'UNAUTHENTICATED' && link.renewToken && (renewals === 0 || count > 0)) {
        // One that is accepted and has expired all the same is an old one, which is not to be asked for without a pause.
        if (renewals > 0) await wait(clock, backoff(renewals, random), leaving.signal);
        renewals += 1;
        await link.renewToken().catch(() => wait(clock, backoff(failures, random), leaving.signal));
        continue;
      }
      const retryMs = retryAfter(end, backoff(failures, random));
      if (retryMs === null) throw end;
      await wait(clock, retryMs, leaving.signal);
    }
  }

  /** Resolves when a reader who was too slow has read half of what waits. */
  function room(): Promise<void> {
    return new Promise((resolve) => {
      // The reader may have been quicker than the end of the stream.
      if (!unread.isFull) return resolve();
      makeRoom = () => {
        leaving.signal.removeEventListener('abort', makeRoom);
        resolve();
      };
      leaving.signal.addEventListener('abort', makeRoom, { once: true });
    });
  }

  const leave = (reason: unknown): void => {
    // What its user has closed has ended in peace.
    unread.end(reason instanceof ClientClosed ? undefined : toError(reason));
    leaving.abort();
  };
  const onAbort = (): void => leave(signal?.reason);
  const onEnded = (): void => leave(line.ending.reason);
  if (line.ending.aborted) onEnded();
  if (signal?.aborted) onAbort();
  line.ending.addEventListener('abort', onEnded, { once: true });
  signal?.addEventListener('abort', onAbort, { once: true });
  const release = line.hold(present);
  run()
    .then(() => unread.end(), leave)
    .finally(() => {
      release();
      line.ending.removeEventListener('abort', onEnded);
      signal?.removeEventListener('abort', onAbort);
    });
  return unread;
}
