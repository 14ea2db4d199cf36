import { backoff } from './backoff.ts';
import type { Clock } from './clock.ts';
import { type ConnectionState, createConnectionState } from './connection-state.ts';
import { ConnectionLost } from './errors.ts';
import { ClientClosed, isFatal, type Link, ResponsesGathered, type TransportName, toError } from './link.ts';
import type { Network } from './network.ts';
import type { Observable } from './observable.ts';
import type { Operation } from './operation.ts';
import { createStop, type StopSignal } from './signals.ts';
import { createWaiters } from './waiters.ts';

/** Failed attempts in a row after which nobody is kept waiting without being told. */
const OFFLINE_AFTER = 3;
/** Sockets in a row that could not be opened before it is tried without one. */
const SOCKET_TRIES = 2;
/** Milliseconds between two attempts to get back to a better transport. */
const BETTER_MS = 60_000;
/** Milliseconds that a link stays open that nobody uses. */
const IDLE_MS = 10_000;
/** Milliseconds between two attempts, at least, however many ask for one; a link that lived shorter has failed. */
const MIN_LIFE_MS = 1_000;

/** A transport that can be tried. */
export interface Opener {
  readonly transport: TransportName;
  /** Connects. The signal ends the attempt, and what came of it. */
  open(signal: StopSignal): Promise<Link>;
}

export interface LineOptions {
  /** The best one first. */
  readonly openers: readonly Opener[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly network: Network;
}

/** Keeps a link to the server as long as somebody uses it, by the best transport that works. */
export interface Line {
  readonly connection: Observable<ConnectionState>;
  /** The link that stands. */
  readonly current: Link | null;
  /** Aborted, with the reason, when the line has ended. */
  readonly ending: StopSignal;
  /** A use of the line from now on until what is returned is called. `sample` is a subscription to try a transport with. */
  hold(sample?: () => Operation): () => void;
  /**
   * The link; for those who hold the line. Who is patient waits for one however long that takes; others get the reason when
   * the line is offline. Rejects with the signal's reason, too, and with what has ended the line.
   */
  link(options: { readonly isPatient: boolean; readonly signal: AbortSignal | undefined }): Promise<Link>;
  /** Ends it with ClientClosed. Resolves when nothing of it is left. */
  close(): Promise<void>;
}

/** Makes a line; nothing is connected before it is used. */
export function createLine({ openers, clock, random, network }: LineOptions): Line {
  const connection = createConnectionState();
  const ending = createStop();
  const waiters = createWaiters<Link>();
  const uses = new Set<{ readonly sample: (() => Operation) | undefined }>();
  let link: Link | null = null;
  let ended: Error | null = null;
  /** Index of the transport that is used, or tried next. */
  let level = 0;
  let since = 0;
  let failures = 0;
  let unopened = 0;
  let expired = 0;
  let isGathered = false;
  let wasConnected = false;
  let connecting: Promise<void> | null = null;
  let bettering: Promise<void> | null = null;
  /** When the next attempt may begin, and when the last one has ended, in milliseconds since 1970. */
  let earliest = 0;
  let triedAt = 0;
  let wake = (): void => {};
  let cancelBetter = (): void => {};
  let cancelIdle = (): void => {};

  const tellAway = (reason: Error): void => {
    const isOffline = network.isOffline() || failures >= OFFLINE_AFTER;
    connection.tell(isOffline ? 'offline' : wasConnected ? 'reconnecting' : 'connecting', null, reason);
  };

  function end(reason: Error): void {
    if (ended) return;
    ended = reason;
    cancelBetter();
    cancelIdle();
    unwatch();
    waiters.dismiss(reason, 'all');
    ending.abort(reason);
    wake();
    connection.tell('closed', null, reason instanceof ClientClosed ? null : reason);
  }

  function adopt(opened: Link, at: number): void {
    if (ended) return void opened.close();
    link = opened;
    level = at;
    since = clock.now();
    failures = 0;
    unopened = 0;
    expired = 0;
    wasConnected = true;
    void opened.lost.then((reason) => onLost(opened, reason));
    waiters.serve(opened);
    connection.tell('connected', opened.transport, null);
    if (uses.size === 0) onIdle();
    cancelBetter();
    if (level > 0) cancelBetter = clock.after(BETTER_MS, better);
  }

  function onLost(which: Link, reason: Error): void {
    if (which !== link || ended) return;
    link = null;
    cancelBetter();
    if (isFatal(reason)) return end(reason);
    const hasLived = clock.now() - since >= MIN_LIFE_MS;
    const isExpired = reason instanceof ConnectionLost && reason.code === 4403;
    isGathered = reason instanceof ResponsesGathered;
    // A token that has expired is replaced at once.
    earliest = clock.now() + (isGathered || (isExpired && hasLived) ? 0 : backoff(1, random));
    tellAway(reason);
    connect();
  }

  function onFailed(reason: Error): void {
    failures += 1;
    triedAt = clock.now();
    const isExpired = reason instanceof ConnectionLost && reason.code === 4403;
    expired = isExpired ? expired + 1 : 0;
    // One that had expired before it was sent may be an old one; the next was asked for because of it.
    if (isFatal(reason) || expired > 1) return end(reason);
    earliest = triedAt + (isExpired ? 0 : backoff(failures, random));
    tellAway(reason);
    if (connection.current.state === 'offline') waiters.dismiss(reason, 'impatient');
  }

  const open = (at: number): Promise<Link> =>
    openers[at]?.open(ending.signal) ?? Promise.reject(new Error('There is no such transport.'));

  /** Opens the next transport, because the present one does not work here. */
  async function fallBack(why: Error): Promise<void> {
    try {
      adopt(await open(level + 1), level + 1);
    } catch (error) {
      // Without the server it says nothing of the transport.
      throw isFatal(error) ? error : why;
    }
  }

  async function attempt(): Promise<void> {
    const hasNext = level + 1 < openers.length;
    if (isGathered && hasNext) {
      isGathered = false;
      return fallBack(new ResponsesGathered());
    }
    try {
      adopt(await open(level), level);
    } catch (error) {
      if (ended || isFatal(error) || openers[level]?.transport !== 'websocket') throw error;
      unopened += 1;
      if (unopened < SOCKET_TRIES || !hasNext) throw error;
      await fallBack(toError(error));
    }
  }

  /** Resolves when the time for an attempt may have come. */
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(earliest - clock.now(), () => wake());
      wake = () => {
        cancel();
        wake = () => {};
        resolve();
      };
    });

  /** Tries until there is a link, as long as somebody waits for it. */
  async function tryOn(): Promise<void> {
    while (!ended && !link && waiters.count > 0) {
      if (clock.now() < earliest) await pause();
      else await attempt().catch((error: unknown) => ended || onFailed(toError(error)));
    }
    connecting = null;
  }

  const connect = (): void => {
    if (!connecting && !link && waiters.count > 0) connecting = tryOn();
  };

  /** Whether a link carries what is used just now. */
  async function isGood(opened: Link): Promise<boolean> {
    if (!opened.carries) return true;
    const [sample] = [...uses].flatMap((use) => (use.sample ? [use.sample] : []));
    return sample !== undefined && opened.carries(sample());
  }

  /** Tries the transports that are better than the one in use, and goes over to the first that works. */
  async function tryBetter(): Promise<void> {
    const worse = link;
    for (let at = 0; at < level; at += 1) {
      const opened = await open(at).catch(() => null);
      if (!opened) continue;
      const isWanted = await isGood(opened).catch(() => false);
      if (!isWanted || ended || !worse || link !== worse) {
        void opened.close();
        continue;
      }
      adopt(opened, at);
      worse.retire();
      return;
    }
    if (!ended && link === worse) cancelBetter = clock.after(BETTER_MS, better);
  }

  const better = (): void => {
    bettering = tryBetter();
  };

  function onIdle(): void {
    cancelIdle();
    cancelIdle = clock.after(IDLE_MS, () => {
      const idle = link;
      link = null;
      cancelBetter();
      void idle?.close();
    });
  }

  const onNetwork = (): void => {
    if (ended) return;
    if (network.isOffline()) return tellAway(new ConnectionLost(1006, 'The network is gone.'));
    if (link) return connection.tell('connected', link.transport, null);
    connection.tell(wasConnected ? 'reconnecting' : 'connecting', null, connection.current.reason);
    earliest = clock.now();
    wake();
  };
  const unwatch = network.watch(onNetwork);

  return {
    connection,
    get current() {
      return link;
    },
    ending: ending.signal,
    hold(sample) {
      const use = { sample };
      uses.add(use);
      cancelIdle();
      return () => {
        if (uses.delete(use) && uses.size === 0 && link && !ended) onIdle();
      };
    },
    async link({ isPatient, signal }) {
      if (ended) throw ended;
      signal?.throwIfAborted();
      if (link) return link;
      const found = waiters.join(isPatient, signal);
      if (!isPatient && earliest > triedAt + MIN_LIFE_MS) {
        // Somebody asks: worth an attempt, once a second.
        earliest = triedAt + MIN_LIFE_MS;
        wake();
      }
      connect();
      return found;
    },
    async close() {
      const last = link;
      link = null;
      end(new ClientClosed());
      await Promise.all([last?.close(), connecting, bettering]);
    },
  };
}
