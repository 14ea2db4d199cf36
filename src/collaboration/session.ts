import type { DocumentChange } from '../documents/change.ts';
import type { Clock } from '../platform/clock.ts';
import { QuireError } from '../platform/errors.ts';
import type { HouseEvent, PeopleEvent, SessionView, Watcher } from './events.ts';
import {
  type Action,
  act,
  type ClientState,
  expired,
  left,
  moved,
  nextDeadline,
  type Participant,
  participantOf,
  subscribed,
  transitions,
  unsubscribed,
} from './presence.ts';
import { createThrottle, type Throttle } from './throttle.ts';

/** Clients that one document's session holds. */
export const MAX_CLIENTS_PER_DOCUMENT = 5_000;
/** Clients that one user may have on one document. */
export const MAX_CLIENTS_PER_USER = 50;
/** Shortest time between two CursorMoved of one client, in milliseconds: at most 20 a second. */
export const CURSOR_INTERVAL_MS = 50;
/** Shortest time between two looks for what has run out, in milliseconds. */
const SWEEP_INTERVAL_MS = 50;
/** When one who was refused for want of room should come again, in milliseconds. */
const RETRY_AFTER_MS = 5_000;

/** The client of a user's calls that name none. No clientId has such a character. */
const UNNAMED = '@';
/** The client that has no clientId but a connection. */
const unnamedOn = (connectionId: string): string => `#${connectionId}`;

interface Client {
  readonly clientId: string | null;
  readonly cursorMoved: Throttle;
  state: ClientState;
}

interface Member {
  readonly clients: Map<string, Client>;
  /** What the others know. */
  told: Participant | null;
}

/** A subscription's place in the session. */
export interface Seat {
  /** Tells the user's clients apart. */
  readonly client: string;
  /** Takes the place again when it was taken away meanwhile. Throws RATE_LIMITED when there is none. */
  stay(): void;
  /** Gives the place up. Idempotent. */
  leave(): void;
}

export interface SessionOptions {
  readonly documentId: string;
  readonly clock: Clock;
  /** Called when the last client or watcher has gone. */
  readonly onEmpty: () => void;
}

/** Who is on one document, here on this instance. It holds no timer when nobody is in it. */
export class Session {
  readonly #documentId: string;
  readonly #clock: Clock;
  readonly #onEmpty: () => void;
  readonly #members = new Map<string, Member>();
  readonly #watchers = new Set<Watcher>();
  #clients = 0;
  #present = 0;
  #subscriptions = 0;
  #startedAt: number | null = null;
  #view: SessionView | null = null;
  /** The revision that the cursors have been moved along to. */
  #revision = 0;
  #accessVersion = 0;
  #sweep: { readonly at: number; readonly cancel: () => void } | null = null;
  #closed = false;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor({ documentId, clock, onEmpty }: SessionOptions) {
    this.#documentId = documentId;
    this.#clock = clock;
    this.#onEmpty = onEmpty;
  }

  /** True when nobody is in it and nobody watches it. */
  get empty(): boolean {
    return this.#clients === 0 && this.#watchers.size === 0;
  }

  /** Raised each time that access may have changed: what was checked at a lower number is to be checked again. */
  get accessVersion(): number {
    return this.#accessVersion;
  }

  view(): SessionView {
    this.#view ??= {
      documentId: this.#documentId,
      startedAt: this.#startedAt,
      participants: [...this.#members.values()].flatMap(({ told }) => told ?? []),
    };
    return this.#view;
  }

  /** Follows the session until the returned closer is called. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
      if (this.empty) this.#onEmpty();
    };
  }

  /**
   * Seats a subscription. Those of one user with the same clientId, or without one on the same connection, are one
   * client. Throws RATE_LIMITED.
   */
  enter(userId: string, clientId: string | null, connectionId: string | null = null): Seat {
    this.#subscriptions += 1;
    const name = clientId ?? unnamedOn(connectionId ?? String(this.#subscriptions));
    let client: Client | undefined;
    let over = false;
    const seat: Seat = {
      client: name,
      stay: () => {
        if (over || (client && this.#find(userId, name) === client)) return;
        client = this.#change(userId, name, clientId, subscribed);
      },
      leave: () => {
        if (over) return;
        over = true;
        if (!client || this.#find(userId, name) !== client) return;
        this.#change(userId, name, clientId, (state) => state && unsubscribed(state));
      },
    };
    seat.stay();
    return seat;
  }

  /**
   * What a client does by a call. Without a clientId it is the one of the same connection, or the user's only client,
   * and otherwise one that stands for all calls of the user that name none. Who is not here comes with a lease. Throws
   * RATE_LIMITED.
   */
  act(userId: string, clientId: string | null, action: Action, connectionId: string | null = null): void {
    const name = this.#nameOf(userId, clientId, connectionId);
    const client = this.#change(userId, name, clientId, (state, now) => act(state, action, now));
    if (action.kind === 'cursor') client?.cursorMoved.request();
  }

  /** A client is gone by its own word; true when it was here. */
  leave(userId: string, clientId: string | null, connectionId: string | null = null): boolean {
    const name = this.#nameOf(userId, clientId, connectionId);
    const state = this.#find(userId, name)?.state;
    if (!state || state.said === 'OFFLINE') return false;
    this.#change(userId, name, clientId, (state) => state && left(state))?.cursorMoved.stop();
    return true;
  }

  /** Takes out all clients of a user, or of everybody. */
  expel(userId?: string): void {
    const now = this.#clock.now();
    for (const [id, member] of userId === undefined ? [...this.#members] : this.#memberOf(userId)) {
      for (const [name, client] of member.clients) this.#remove(member, name, client);
      this.#tell(id, member, now);
    }
    this.#changed();
  }

  /** Moves the cursors along with changes of the text; whoever made them is active. */
  follow(changes: readonly DocumentChange[]): void {
    const now = this.#clock.now();
    const touched = new Map<string, Member>();
    for (const change of changes) {
      if (change.revision <= this.#revision) continue;
      this.#revision = change.revision;
      for (const [userId, member] of this.#members) {
        for (const client of member.clients.values()) {
          const unnamed = change.clientId === null;
          // Whoever types says where its cursor is; what it sent with its own change in flight counts that change in.
          if (userId === change.userId && (unnamed || change.clientId === client.clientId)) continue;
          const state = moved(client.state, change);
          if (state !== client.state) touched.set(userId, member);
          client.state = state;
        }
      }
      const { userId, clientId } = change;
      const author = this.#find(userId, this.#nameOf(userId, clientId));
      if (!author) continue;
      author.state = act(author.state, { kind: 'change' }, now);
      for (const [id, member] of this.#memberOf(userId)) touched.set(id, member);
    }
    for (const [userId, member] of touched) this.#tell(userId, member, now);
    this.#changed();
  }

  /** Tells the watchers what happened to the document. */
  announce(event: HouseEvent): void {
    this.#emit(event);
  }

  /** Has every watcher's access checked before anything else is delivered. */
  recheck(): void {
    this.#accessVersion += 1;
    for (const watcher of [...this.#watchers]) watcher.onAccess();
  }

  /** Stops the timers, for good. */
  close(): void {
    this.#closed = true;
    this.#sweep?.cancel();
    this.#sweep = null;
    for (const { clients } of this.#members.values()) {
      for (const { cursorMoved } of clients.values()) cursorMoved.stop();
    }
  }

  #nameOf(userId: string, clientId: string | null, connectionId: string | null = null): string {
    if (clientId !== null) return clientId;
    const here = connectionId === null ? null : unnamedOn(connectionId);
    if (here !== null && this.#find(userId, here)) return here;
    const names = [...(this.#members.get(userId)?.clients.keys() ?? [])];
    return names.length === 1 ? (names[0] ?? UNNAMED) : UNNAMED;
  }

  #find(userId: string, name: string): Client | undefined {
    return this.#members.get(userId)?.clients.get(name);
  }

  #memberOf(userId: string): [string, Member][] {
    const member = this.#members.get(userId);
    return member ? [[userId, member]] : [];
  }

  /** Gives a client its next state, and tells what others notice of it. Null before: not here yet; after: gone. */
  #change(
    userId: string,
    name: string,
    clientId: string | null,
    next: (state: ClientState | null, now: number) => ClientState | null,
  ): Client | undefined {
    const now = this.#clock.now();
    const known = this.#find(userId, name);
    const state = next(known?.state ?? null, now);
    if (!known && !state) return undefined;
    const member = this.#members.get(userId) ?? { clients: new Map<string, Client>(), told: null };
    let client = known;
    if (known && state) known.state = state;
    else if (known) this.#remove(member, name, known);
    else if (state) client = this.#add(userId, member, name, clientId, state);
    this.#tell(userId, member, now);
    if (state) this.#sweepAt(nextDeadline(state, now));
    this.#changed();
    return client;
  }

  #add(userId: string, member: Member, name: string, clientId: string | null, state: ClientState): Client {
    if (this.#clients >= MAX_CLIENTS_PER_DOCUMENT) throw noRoom(`${MAX_CLIENTS_PER_DOCUMENT} clients`);
    if (member.clients.size >= MAX_CLIENTS_PER_USER) throw noRoom(`${MAX_CLIENTS_PER_USER} clients of yours`);
    const client: Client = {
      clientId,
      state,
      cursorMoved: createThrottle(this.#clock, CURSOR_INTERVAL_MS, () => {
        const cursor = client.state.placed?.cursor;
        const at = this.#clock.now();
        if (cursor) this.#emit({ kind: 'cursor-moved', userId, client: name, clientId, cursor, at });
      }),
    };
    this.#members.set(userId, member);
    member.clients.set(name, client);
    this.#clients += 1;
    return client;
  }

  #remove(member: Member, name: string, client: Client): void {
    client.cursorMoved.stop();
    if (member.clients.delete(name)) this.#clients -= 1;
  }

  /** Brings what the others know of a user up to date. */
  #tell(userId: string, member: Member, now: number): void {
    const before = member.told;
    const clients = [...member.clients].map(([name, { state }]) => [name, state] as const);
    const after = participantOf(userId, clients, before?.joinedAt ?? now, now);
    if (clients.length === 0) this.#members.delete(userId);
    member.told = after;
    this.#present += Number(after !== null) - Number(before !== null);
    this.#startedAt = this.#present === 0 ? null : (this.#startedAt ?? now);
    this.#view = null;
    for (const event of transitions(before, after, now)) this.#emit(event);
  }

  // Copies are walked, because a watcher that is told something may go.
  #emit(event: PeopleEvent | HouseEvent): void {
    for (const watcher of [...this.#watchers]) watcher.onEvent(event);
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher.onState();
    if (this.empty) this.#onEmpty();
  }

  #sweepAt(deadline: number): void {
    if (this.#closed) return;
    const at = Math.max(deadline, this.#sweptAt + SWEEP_INTERVAL_MS);
    if (at === Number.POSITIVE_INFINITY || (this.#sweep && this.#sweep.at <= at)) return;
    this.#sweep?.cancel();
    this.#sweep = { at, cancel: this.#clock.after(at - this.#clock.now(), () => this.#runOut()) };
  }

  /** Lets go of what has run out: leases, typing, being online. */
  #runOut(): void {
    const now = this.#clock.now();
    this.#sweep = null;
    this.#sweptAt = now;
    let next = Number.POSITIVE_INFINITY;
    for (const [userId, member] of [...this.#members]) {
      for (const [name, client] of member.clients) {
        if (expired(client.state, now)) this.#remove(member, name, client);
        else next = Math.min(next, nextDeadline(client.state, now));
      }
      this.#tell(userId, member, now);
    }
    this.#sweepAt(next);
    this.#changed();
  }
}

const noRoom = (most: string): QuireError =>
  new QuireError('RATE_LIMITED', `There are ${most} on this document, as many as it takes.`, {
    retryAfterMs: RETRY_AFTER_MS,
  });
