import type { Address, Topic } from './topic.ts';

/** What a listener is told. None of these may rely on being called: announcements are hints. */
export interface Listener<Payload> {
  onEvent(payload: Payload): void;
  /** Announcements may be lost from now on: poll the source until `onLive`. */
  onInterrupted?(): void;
  /** Listening is live again after an interruption: read from the source what was missed. */
  onLive?(): void;
}

/** Whether announcements arrive. */
export type Hearing = 'live' | 'interrupted';

export interface Listening {
  /**
   * Resolves once it is known whether announcements arrive: `live` when the upstream has confirmed the subscription,
   * `interrupted` when there is no connection (`onLive` follows when there is). Never rejects. `onLive` and
   * `onInterrupted` may be called before code that awaits this runs on: what they said is newer.
   */
  readonly ready: Promise<Hearing>;
  /** Stops listening. Idempotent; nothing is called afterwards. */
  close(): void;
}

export interface BrokerStats {
  /** Calls of `publish`. */
  readonly published: number;
  /** Announcements of other instances that were handed to listeners here. */
  readonly received: number;
  /** Announcements that did not leave this process for other instances. */
  readonly failedPublishes: number;
  /** Messages that arrived broken and were dropped. */
  readonly malformed: number;
  /** Exceptions thrown by listeners. */
  readonly listenerErrors: number;
  readonly listeners: number;
  /** Channels listened to upstream: one a topic and address, however many listeners. */
  readonly channels: number;
  readonly connected: boolean;
}

/** Milliseconds after which what does not answer a ping is taken for away. */
export const PING_LIMIT_MS = 1000;

/** Carries announcements to all listeners, on this instance and on the others. At most once: a hint, not a log. */
export interface Broker {
  /** Announces. Never throws and never waits; local listeners are called before it returns. */
  publish<Payload>(topic: Topic<Payload>, address: Address, payload: Payload): void;
  listen<Payload>(topic: Topic<Payload>, address: Address, listener: Listener<Payload>): Listening;
  stats(): BrokerStats;
  /** Resolves when announcements can go out and come in. Rejects with UNAVAILABLE, within PING_LIMIT_MS. */
  ping(): Promise<void>;
  /** Ends listening and the connections. Idempotent. */
  close(): Promise<void>;
}
