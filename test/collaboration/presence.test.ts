import { describe, expect, it } from 'vitest';
import {
  AWAY_AFTER_MS,
  act,
  type ClientState,
  type Cursor,
  expired,
  LEASE_MS,
  left,
  moved,
  nextDeadline,
  participantOf,
  subscribed,
  TYPING_MS,
  transitions,
  unsubscribed,
} from '../../src/collaboration/presence.ts';

const NOW = 1_000_000;
const cursor = (position: number, selectionEnd: number | null = null): Cursor => ({
  line: 1,
  column: position,
  position,
  selection: '',
  selectionEnd,
});
const participant = (clients: Record<string, ClientState>, now = NOW, joinedAt = NOW) =>
  participantOf('ada', Object.entries(clients), joinedAt, now);
const at = (position: number, client = subscribed(null, NOW)) =>
  act(client, { kind: 'cursor', cursor: cursor(position) }, NOW);

describe('presence of a client', () => {
  it('is away after 60 s without activity, and back with the next', () => {
    const client = subscribed(null, NOW);
    expect(participant({ a: client }, NOW + AWAY_AFTER_MS - 1)?.status).toBe('ONLINE');
    expect(participant({ a: client }, NOW + AWAY_AFTER_MS)?.status).toBe('AWAY');
    const later = NOW + AWAY_AFTER_MS;
    for (const action of [
      { kind: 'online' },
      { kind: 'change' },
      { kind: 'cursor', cursor: cursor(0) },
      { kind: 'typing', typing: true },
    ] as const) {
      expect(participant({ a: act(client, action, later) }, later)?.status, action.kind).toBe('ONLINE');
    }
  });

  it('joining again renews the lease and is no activity', () => {
    const client = act(null, { kind: 'join' }, NOW);
    const later = act(client, { kind: 'join' }, NOW + 40_000);
    expect(expired(later, NOW + 40_000 + LEASE_MS - 1)).toBe(false);
    expect(expired(later, NOW + 40_000 + LEASE_MS)).toBe(true);
    expect(participant({ a: later }, NOW + AWAY_AFTER_MS)?.status).toBe('AWAY');
  });

  it('says itself away, which ends its typing', () => {
    const typing = act(subscribed(null, NOW), { kind: 'typing', typing: true }, NOW);
    const away = participant({ a: act(typing, { kind: 'away' }, NOW) });
    expect(away).toMatchObject({ status: 'AWAY', typist: null });
  });

  it('counts once however many subscriptions it has, and goes with the last', () => {
    const twice = subscribed(subscribed(null, NOW), NOW);
    expect(participant({ a: twice })?.clientCount).toBe(1);
    const once = unsubscribed(twice);
    expect(once && participant({ a: once })?.clientCount).toBe(1);
    expect(once && unsubscribed(once)).toBeNull();
  });

  it('with a lease becomes one with a subscription, and has no lease any more', () => {
    const client = subscribed(act(null, { kind: 'join' }, NOW), NOW);
    expect(expired(client, NOW + 10 * LEASE_MS)).toBe(false);
    expect(unsubscribed(client)).toBeNull();
  });

  it('that has left with its subscription open is not here until it says so', () => {
    const gone = left(at(3)) as ClientState;
    expect(participant({ a: gone })).toBeNull();
    expect(participant({ a: act(gone, { kind: 'change' }, NOW) })).toBeNull();
    expect(participant({ a: act(gone, { kind: 'join' }, NOW) })).toMatchObject({
      status: 'ONLINE',
      cursor: null,
    });
    expect(left(act(null, { kind: 'join' }, NOW))).toBeNull();
  });

  it('knows when it will change by itself', () => {
    const client = subscribed(null, NOW);
    expect(nextDeadline(client, NOW)).toBe(NOW + AWAY_AFTER_MS);
    expect(nextDeadline(client, NOW + AWAY_AFTER_MS)).toBe(Number.POSITIVE_INFINITY);
    expect(nextDeadline(act(null, { kind: 'join' }, NOW), NOW)).toBe(NOW + LEASE_MS);
    expect(nextDeadline(act(client, { kind: 'typing', typing: true }, NOW), NOW)).toBe(NOW + TYPING_MS);
  });
});

describe('cursors', () => {
  const insert = { position: 4, length: 0, content: 'abc' };

  it('stay before what others insert at their place', () => {
    expect(moved(at(4), insert).placed?.cursor.position).toBe(4);
    expect(moved(at(5), insert).placed?.cursor.position).toBe(8);
    expect(moved(at(3), insert).placed?.cursor.position).toBe(3);
  });

  it('go to the start of what was deleted around them; the end of the selection goes along', () => {
    const client = act(null, { kind: 'cursor', cursor: cursor(5, 9) }, NOW);
    const { placed } = moved(client, { position: 4, length: 3, content: '' });
    expect(placed?.cursor).toMatchObject({ position: 4, selectionEnd: 6, line: 1, column: 5 });
  });
});

describe('a participant', () => {
  it('is the sum of the clients: newest cursor, online if one is, typing if one does', () => {
    const old = at(1);
    const away = act(act(null, { kind: 'cursor', cursor: cursor(2) }, NOW + 5), { kind: 'away' }, NOW + 7);
    const typing = act(subscribed(null, NOW), { kind: 'typing', typing: true }, NOW + 6);
    expect(participant({ old, away, typing }, NOW + 8, NOW - 1)).toEqual({
      userId: 'ada',
      status: 'ONLINE',
      cursor: cursor(2),
      typist: 'typing',
      joinedAt: NOW - 1,
      lastSeenAt: NOW + 7,
      clientCount: 3,
    });
  });

  it('stops typing by itself after 6 s', () => {
    const client = act(subscribed(null, NOW), { kind: 'typing', typing: true }, NOW);
    expect(participant({ client }, NOW + TYPING_MS - 1)?.typist).toBe('client');
    expect(participant({ client }, NOW + TYPING_MS)?.typist).toBeNull();
  });

  it('is told of by what has changed', () => {
    const here = participant({ a: subscribed(null, NOW) });
    const away = here && { ...here, status: 'AWAY' as const };
    const typing = here && { ...here, typist: 'a' };
    const kinds = (...[before, after]: [typeof here, typeof here]) =>
      transitions(before, after, NOW).map(({ kind }) => kind);
    expect(kinds(null, null)).toEqual([]);
    expect(kinds(null, here)).toEqual(['user-joined']);
    expect(kinds(null, typing)).toEqual(['user-joined', 'typing-started']);
    expect(kinds(here, here)).toEqual([]);
    expect(kinds(typing, typing && { ...typing, typist: 'b' })).toEqual([]);
    expect(kinds(typing, null)).toEqual(['typing-stopped', 'user-left']);
    expect(transitions(here, away, NOW)).toEqual([
      { kind: 'presence-changed', userId: 'ada', oldStatus: 'ONLINE', newStatus: 'AWAY', at: NOW },
    ]);
  });
});
