import { mapPosition, type Splice } from '../text/splice.ts';

/** Milliseconds without activity after which a client counts as away. */
export const AWAY_AFTER_MS = 60_000;
/** Milliseconds for which a client without a subscription is kept after each of its calls. */
export const LEASE_MS = 45_000;
/** Milliseconds after which typing ends unless it is said again. */
export const TYPING_MS = 6_000;

export const presenceStatuses = ['ONLINE', 'AWAY', 'OFFLINE'] as const;
export type PresenceStatus = (typeof presenceStatuses)[number];

/** Where a client is in the text. `position` and `selectionEnd` are UTF-16 code units. */
export interface Cursor {
  readonly line: number;
  readonly column: number;
  readonly position: number;
  readonly selection: string;
  readonly selectionEnd: number | null;
}

/** What keeps a client in the session. */
export type Hold =
  /** Its open subscriptions: more than one while a reconnect races the old socket. */
  | { readonly kind: 'stream'; readonly streams: number }
  /** Its last call. */
  | { readonly kind: 'lease'; readonly until: number };

/** One client (tab, device) of a user. Times are milliseconds since 1970. */
export interface ClientState {
  readonly hold: Hold;
  /** What it has said of itself; OFFLINE is one that has left with its subscription still open. */
  readonly said: 'AWAY' | 'OFFLINE' | null;
  readonly activeAt: number;
  readonly seenAt: number;
  readonly placed: { readonly cursor: Cursor; readonly at: number } | null;
  /** 0 when it is not typing. */
  readonly typingUntil: number;
}

/** What a client does. All but `join` and `away` are activity; a `change` of the text does not bring back who left. */
export type Action =
  | { readonly kind: 'join' | 'online' | 'away' | 'change' }
  | { readonly kind: 'cursor'; readonly cursor: Cursor }
  | { readonly kind: 'typing'; readonly typing: boolean };

/** A user who is here: the sum of the user's clients. */
export interface Participant {
  readonly userId: string;
  readonly status: PresenceStatus;
  /** The one that moved last. */
  readonly cursor: Cursor | null;
  /** The client that types, null when none does. */
  readonly typist: string | null;
  readonly joinedAt: number;
  readonly lastSeenAt: number;
  readonly clientCount: number;
}

export interface OfUser<Kind extends string> {
  readonly kind: Kind;
  readonly userId: string;
  readonly at: number;
}

/** What others are told when a participant changes. `client` is the one that caused it. */
export type PresenceEvent =
  | OfUser<'user-joined'>
  | OfUser<'user-left'>
  | (OfUser<'typing-started'> & { readonly client: string })
  | (OfUser<'typing-stopped'> & { readonly client: string })
  | (OfUser<'presence-changed'> & { readonly oldStatus: PresenceStatus; readonly newStatus: PresenceStatus });

const arrived = (hold: Hold, now: number): ClientState => ({
  hold,
  said: null,
  activeAt: now,
  seenAt: now,
  placed: null,
  typingUntil: 0,
});

/** A client after one more subscription of it began; null was not here before. */
export function subscribed(client: ClientState | null, now: number): ClientState {
  if (!client) return arrived({ kind: 'stream', streams: 1 }, now);
  const streams = client.hold.kind === 'stream' ? client.hold.streams + 1 : 1;
  return { ...client, hold: { kind: 'stream', streams }, said: null, activeAt: now, seenAt: now };
}

/** A client after one of its subscriptions ended; null is gone. */
export function unsubscribed(client: ClientState): ClientState | null {
  if (client.hold.kind === 'lease' || client.hold.streams <= 1) return null;
  return { ...client, hold: { kind: 'stream', streams: client.hold.streams - 1 } };
}

/** A client that says it is not here any more; null is gone. */
export const left = (client: ClientState): ClientState | null =>
  client.hold.kind === 'lease' ? null : { ...client, said: 'OFFLINE', placed: null, typingUntil: 0 };

/** A client after an action; null was not here before and comes with a lease. */
export function act(before: ClientState | null, action: Action, now: number): ClientState {
  const lease: Hold = { kind: 'lease', until: now + LEASE_MS };
  const client = before ?? arrived(lease, now);
  const seen: ClientState = {
    ...client,
    seenAt: now,
    hold: client.hold.kind === 'lease' ? lease : client.hold,
  };
  const active: ClientState = { ...seen, said: null, activeAt: now };
  switch (action.kind) {
    case 'join':
      return client.said === 'OFFLINE' ? active : seen;
    case 'online':
      return active;
    case 'away':
      return { ...seen, said: 'AWAY', typingUntil: 0 };
    case 'change':
      return client.said === 'OFFLINE' ? client : active;
    case 'cursor':
      return { ...active, placed: { cursor: action.cursor, at: now } };
    case 'typing':
      return { ...active, typingUntil: action.typing ? now + TYPING_MS : 0 };
  }
}

/** A client whose cursor has gone along with somebody else's change: it stays before what is inserted at its place. */
export function moved(client: ClientState, splice: Splice): ClientState {
  if (!client.placed) return client;
  const { cursor } = client.placed;
  const map = (at: number): number => mapPosition(at, splice);
  const position = map(cursor.position);
  const selectionEnd = cursor.selectionEnd === null ? null : map(cursor.selectionEnd);
  if (position === cursor.position && selectionEnd === cursor.selectionEnd) return client;
  return { ...client, placed: { ...client.placed, cursor: { ...cursor, position, selectionEnd } } };
}

/** True for a client whose lease has run out. */
export const expired = ({ hold }: ClientState, now: number): boolean =>
  hold.kind === 'lease' && hold.until <= now;

const statusOf = ({ said, activeAt }: ClientState, now: number): PresenceStatus =>
  said ?? (now - activeAt >= AWAY_AFTER_MS ? 'AWAY' : 'ONLINE');

/** When a client changes without doing anything: its lease, its typing or its being online ends. Infinity for never. */
export function nextDeadline(client: ClientState, now: number): number {
  const ends: number[] = [];
  if (client.hold.kind === 'lease') ends.push(client.hold.until);
  if (client.typingUntil > now) ends.push(client.typingUntil);
  if (statusOf(client, now) === 'ONLINE') ends.push(client.activeAt + AWAY_AFTER_MS);
  return Math.min(...ends);
}

/** What a user's clients make together; null when none of them is here. */
export function participantOf(
  userId: string,
  clients: Iterable<readonly [name: string, client: ClientState]>,
  joinedAt: number,
  now: number,
): Participant | null {
  const here = [...clients].filter(([, client]) => statusOf(client, now) !== 'OFFLINE');
  if (here.length === 0) return null;
  let placed: ClientState['placed'] = null;
  let typist: string | null = null;
  let typingUntil = now;
  let lastSeenAt = 0;
  for (const [name, client] of here) {
    if (client.placed && (!placed || client.placed.at >= placed.at)) placed = client.placed;
    if (client.typingUntil > typingUntil) {
      typist = name;
      typingUntil = client.typingUntil;
    }
    lastSeenAt = Math.max(lastSeenAt, client.seenAt);
  }
  const online = here.some(([, client]) => statusOf(client, now) === 'ONLINE');
  return {
    userId,
    status: online ? 'ONLINE' : 'AWAY',
    cursor: placed?.cursor ?? null,
    typist,
    joinedAt,
    lastSeenAt,
    clientCount: here.length,
  };
}

/** What others are told when a participant goes over from one state to the next; null is not here. */
export function transitions(
  before: Participant | null,
  after: Participant | null,
  at: number,
): PresenceEvent[] {
  const events: PresenceEvent[] = [];
  const userId = (after ?? before)?.userId;
  if (userId === undefined) return events;
  if (!before) events.push({ kind: 'user-joined', userId, at });
  if (before && after && before.status !== after.status) {
    events.push({ kind: 'presence-changed', userId, oldStatus: before.status, newStatus: after.status, at });
  }
  const was = before?.typist ?? null;
  const is = after?.typist ?? null;
  if (was === null && is !== null) events.push({ kind: 'typing-started', userId, client: is, at });
  if (was !== null && is === null) events.push({ kind: 'typing-stopped', userId, client: was, at });
  if (!after) events.push({ kind: 'user-left', userId, at });
  return events;
}
