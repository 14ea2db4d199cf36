import { describe, expect, it } from 'vitest';
import type { HouseEvent, PeopleEvent } from '../../src/collaboration/events.ts';
import { AWAY_AFTER_MS, type Cursor, LEASE_MS, TYPING_MS } from '../../src/collaboration/presence.ts';
import {
  CURSOR_INTERVAL_MS,
  MAX_CLIENTS_PER_DOCUMENT,
  MAX_CLIENTS_PER_USER,
  Session,
} from '../../src/collaboration/session.ts';
import type { DocumentChange } from '../../src/documents/change.ts';
import { createManualClock } from '../support/manual-clock.ts';

function setup() {
  const clock = createManualClock(1_000_000);
  const events: (PeopleEvent | HouseEvent)[] = [];
  let emptied = 0;
  const session: Session = new Session({
    documentId: 'tides',
    clock,
    onEmpty() {
      emptied += 1;
      session.close();
    },
  });
  const unwatch = session.watch({ onEvent: (event) => events.push(event), onState() {}, onAccess() {} });
  return {
    clock,
    session,
    events,
    unwatch,
    emptied: () => emptied,
    kinds: () => events.splice(0).map(({ kind }) => kind),
    people: () => session.view().participants.map(({ userId, clientCount }) => `${userId} ${clientCount}`),
  };
}

const cursor = (position: number): Cursor => ({
  line: 0,
  column: position,
  position,
  selection: '',
  selectionEnd: null,
});
const change = (revision: number, from: Partial<DocumentChange> = {}): DocumentChange => ({
  documentId: 'tides',
  revision,
  position: 0,
  length: 0,
  content: 'xx',
  userId: 'bob',
  clientId: null,
  changeId: `change-${revision}`,
  timestamp: 0,
  epoch: 0,
  ...from,
});

describe('session', () => {
  it('[P8] counts the tabs of a user: joined with the first, left with the last', () => {
    const { session, kinds, people } = setup();
    const one = session.enter('ada', 'tab-1');
    const two = session.enter('ada', 'tab-2');
    const unnamed = session.enter('ada', null);
    const bob = session.enter('bob', 'tab-1');
    expect(people()).toEqual(['ada 3', 'bob 1']);
    one.leave();
    one.leave();
    unnamed.leave();
    expect(people()).toEqual(['ada 1', 'bob 1']);
    two.leave();
    expect(people()).toEqual(['bob 1']);
    bob.leave();
    expect(kinds()).toEqual(['user-joined', 'user-joined', 'user-left', 'user-left']);
  });

  it('[P8] takes what comes by one connection without a clientId for one client', () => {
    const { session, people } = setup();
    const state = session.enter('ada', null, 'socket-1');
    const events = session.enter('ada', null, 'socket-1');
    session.act('ada', null, { kind: 'cursor', cursor: cursor(1) }, 'socket-1');
    expect(people()).toEqual(['ada 1']);
    const other = session.enter('ada', null, 'socket-2');
    session.act('ada', null, { kind: 'cursor', cursor: cursor(2) }, 'socket-1');
    expect(people()).toEqual(['ada 2']);
    state.leave();
    expect(people()).toEqual(['ada 2']);
    events.leave();
    other.leave();
    expect(people()).toEqual([]);
  });

  it('[P8] a reconnect that races its old socket counts once and outlives it', () => {
    const { session, kinds, people } = setup();
    const old = session.enter('ada', 'tab');
    const fresh = session.enter('ada', 'tab');
    expect(people()).toEqual(['ada 1']);
    old.leave();
    expect(people()).toEqual(['ada 1']);
    fresh.leave();
    expect(kinds()).toEqual(['user-joined', 'user-left']);
  });

  it('keeps since when it goes on and since when each user is there', () => {
    const { session, clock } = setup();
    expect(session.view()).toEqual({ documentId: 'tides', startedAt: null, participants: [] });
    const first = session.enter('ada', 'one');
    const started = clock.now();
    clock.advance(10);
    session.enter('ada', 'two');
    first.leave();
    expect(session.view()).toMatchObject({ startedAt: started, participants: [{ joinedAt: started }] });
    session.leave('ada', 'two');
    expect(session.view().startedAt).toBeNull();
  });

  it('[P8] lets a client without a subscription go 45 s after its last call', () => {
    const { session, clock, kinds, people } = setup();
    session.act('ada', null, { kind: 'join' });
    clock.advance(LEASE_MS - 1);
    session.act('ada', null, { kind: 'join' });
    clock.advance(LEASE_MS - 1);
    expect(people()).toEqual(['ada 1']);
    clock.advance(1);
    expect(people()).toEqual([]);
    expect(kinds().at(-1)).toBe('user-left');
  });

  it('says when somebody goes away and comes back', () => {
    const { session, clock, kinds, events } = setup();
    session.enter('ada', 'tab');
    clock.advance(AWAY_AFTER_MS - 1);
    expect(kinds()).toEqual(['user-joined']);
    clock.advance(1);
    expect(events).toMatchObject([{ kind: 'presence-changed', oldStatus: 'ONLINE', newStatus: 'AWAY' }]);
    session.act('ada', 'tab', { kind: 'online' });
    expect(kinds()).toEqual(['presence-changed', 'presence-changed']);
    expect(session.view().participants[0]?.status).toBe('ONLINE');
  });

  it('ends typing by itself 6 s after it was last said', () => {
    const { session, clock, kinds } = setup();
    session.enter('ada', 'tab');
    session.act('ada', 'tab', { kind: 'typing', typing: true });
    clock.advance(TYPING_MS - 1);
    session.act('ada', 'tab', { kind: 'typing', typing: true });
    clock.advance(TYPING_MS - 1);
    expect(kinds()).toEqual(['user-joined', 'typing-started']);
    clock.advance(1);
    expect(kinds()).toEqual(['typing-stopped']);
  });

  it('takes a call without a clientId for the only client, and otherwise for one of its own', () => {
    const { session, people } = setup();
    session.enter('ada', 'tab-1');
    session.act('ada', null, { kind: 'cursor', cursor: cursor(3) });
    expect(people()).toEqual(['ada 1']);
    session.enter('ada', 'tab-2');
    session.act('ada', null, { kind: 'cursor', cursor: cursor(4) });
    session.act('ada', null, { kind: 'online' });
    expect(people()).toEqual(['ada 3']);
    expect(session.leave('ada', null)).toBe(true);
    expect(session.leave('ada', null)).toBe(false);
    expect(people()).toEqual(['ada 2']);
  });

  it('sends at most 20 cursors a second of a client, and always the last', () => {
    const { session, clock, events } = setup();
    const seat = session.enter('ada', 'tab');
    events.length = 0;
    for (let step = 0; step < 100; step += 1) {
      session.act('ada', 'tab', { kind: 'cursor', cursor: cursor(step) });
      clock.advance(10);
    }
    clock.advance(CURSOR_INTERVAL_MS);
    expect(events.length).toBeGreaterThanOrEqual(18);
    expect(events.length).toBeLessThanOrEqual(21);
    expect(events.at(-1)).toMatchObject({ kind: 'cursor-moved', clientId: 'tab', cursor: { position: 99 } });

    session.act('ada', 'tab', { kind: 'cursor', cursor: cursor(1) });
    session.act('ada', 'tab', { kind: 'cursor', cursor: cursor(2) });
    seat.leave();
    clock.advance(1_000);
    expect(events.at(-1)).toMatchObject({ kind: 'user-left' });
  });

  it('moves cursors along with the changes of others, each revision once, and takes the author for active', () => {
    const { session, clock, kinds } = setup();
    session.enter('ada', 'tab');
    session.enter('bob', 'tab');
    session.act('ada', 'tab', { kind: 'cursor', cursor: cursor(5) });
    clock.advance(AWAY_AFTER_MS);
    kinds();
    session.follow([change(7), change(8, { position: 9, userId: 'ada', clientId: 'tab' })]);
    session.follow([change(7), change(8, { position: 9, userId: 'ada', clientId: 'tab' })]);
    expect(session.view().participants).toMatchObject([
      { userId: 'ada', cursor: { position: 7 }, status: 'ONLINE' },
      { userId: 'bob', cursor: null, status: 'ONLINE' },
    ]);
    expect(kinds()).toEqual(['presence-changed', 'presence-changed']);
    // Its own changes do not move it: the client says where it is.
    session.follow([change(9, { position: 3, userId: 'ada', clientId: 'tab' })]);
    expect(session.view().participants[0]?.cursor?.position).toBe(7);
    session.follow([change(10, { position: 3, userId: 'ada', clientId: 'other' })]);
    expect(session.view().participants[0]?.cursor?.position).toBe(9);
  });

  it('takes out a user for good, and gives the seat back to one who may stay', () => {
    const { session, people } = setup();
    const one = session.enter('ada', 'tab');
    const two = session.enter('ada', 'tab');
    session.act('ada', 'poll', { kind: 'join' });
    session.enter('bob', 'tab');
    session.expel('ada');
    expect(people()).toEqual(['bob 1']);
    one.stay();
    two.stay();
    two.stay();
    one.leave();
    expect(people()).toEqual(['bob 1', 'ada 1']);
    two.leave();
    two.stay();
    expect(people()).toEqual(['bob 1']);
    const old = session.enter('cem', 'tab');
    session.expel();
    expect(people()).toEqual([]);
    session.enter('cem', 'tab');
    old.leave();
    expect(people()).toEqual(['cem 1']);
  });

  it('has a bound for the clients of a user and of a document', () => {
    const { session } = setup();
    const full = expect.objectContaining({ code: 'RATE_LIMITED', details: { retryAfterMs: 5_000 } }) as Error;
    for (let tab = 0; tab < MAX_CLIENTS_PER_USER; tab += 1) session.enter('ada', `tab-${tab}`);
    expect(() => session.enter('ada', 'one-more')).toThrow(full);
    session.enter('ada', 'tab-0');
    for (let user = MAX_CLIENTS_PER_USER; user < MAX_CLIENTS_PER_DOCUMENT; user += 1) {
      session.enter(`user-${user}`, null);
    }
    expect(() => session.act('bob', null, { kind: 'join' })).toThrow(full);
    expect(session.view().participants).toHaveLength(MAX_CLIENTS_PER_DOCUMENT - MAX_CLIENTS_PER_USER + 1);
  });

  it('holds no timer when nobody is in it', () => {
    const { session, clock, unwatch, emptied } = setup();
    const seat = session.enter('ada', 'tab');
    session.act('ada', 'tab', { kind: 'cursor', cursor: cursor(5) });
    session.act('ada', 'tab', { kind: 'typing', typing: true });
    session.act('bob', null, { kind: 'join' });
    expect(clock.pending).toBeGreaterThan(0);
    unwatch();
    seat.leave();
    expect(emptied()).toBe(0);
    clock.advance(LEASE_MS);
    expect(emptied()).toBe(1);
    expect(clock.pending).toBe(0);
  });
});
