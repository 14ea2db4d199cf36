import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCollaboration } from '../../src/collaboration/collaboration.ts';
import type { CollaborationEvent } from '../../src/collaboration/events.ts';
import type { Cursor } from '../../src/collaboration/presence.ts';
import { createDocuments } from '../../src/documents/documents.ts';
import { documentEvents } from '../../src/documents/topics.ts';
import type { Broker, Listener } from '../../src/platform/realtime/broker.ts';
import { POLL_MS, SAFETY_POLL_MS } from '../../src/platform/realtime/log-stream.ts';
import { STATE_INTERVAL_MS } from '../../src/platform/realtime/state-stream.ts';
import { createBlobs } from '../../src/platform/storage/blobs.ts';
import { follow, type House, openHouse } from './house.ts';

let house: House;
let id: string;

beforeEach(async () => {
  house = await openHouse();
  id = await house.newDocument();
});

afterEach(() => house.close());

const cursor = (position: number): Cursor => ({
  line: 0,
  column: position,
  position,
  selection: '',
  selectionEnd: null,
});
const as = (userId: string, clientId: string | null = null) =>
  [house.viewer(userId), { documentId: id, clientId, connectionId: null }] as const;
const events = async (userId: string, clientId: string | null = null) =>
  follow(await house.collaboration.events(...as(userId, clientId)));
const updates = async (userId: string, clientId: string | null = null) =>
  follow(await house.collaboration.updates(...as(userId, clientId)));
const is =
  (kind: CollaborationEvent['kind'], userId?: string) =>
  (event: CollaborationEvent): boolean =>
    event.kind === kind && (userId === undefined || ('userId' in event && event.userId === userId));
const here = () =>
  house.collaboration
    .session({ tenantId: 'default', documentId: id })
    .participants.map(({ userId, clientCount }) => `${userId} ${clientCount}`);
const code = (expected: string) => expect.objectContaining({ code: expected }) as unknown;

describe('collaboration events', () => {
  it('tell a snapshot with oneself in it, then who comes and goes', async () => {
    const ada = await events('ada', 'tab');
    const snapshot = await ada.until(is('snapshot'));
    expect(snapshot).toMatchObject({ session: { participants: [{ userId: 'ada' }] } });
    const bob = await events('bob');
    await ada.until(is('user-joined', 'bob'));
    await bob.until(is('snapshot'));
    await bob.stop();
    await ada.until(is('user-left', 'bob'));
    expect(ada.seen.map(({ kind }) => kind)).toEqual(['snapshot', 'user-joined', 'user-left']);
    await ada.stop();
  });

  it('leave out the cursor and the typing of the very client, not those of another tab', async () => {
    const first = await events('ada', 'first');
    const second = await events('ada', 'second');
    const unnamed = await events('ada');
    for (const stream of [first, second, unnamed]) await stream.until(is('snapshot'));
    house.collaboration.moveCursor(...as('ada', 'first'), cursor(4));
    house.collaboration.setTyping(...as('ada', 'first'), true);
    expect(await second.until(is('cursor-moved'))).toMatchObject({
      clientId: 'first',
      cursor: { position: 4 },
    });
    await second.until(is('typing-started'));
    house.collaboration.moveCursor(...as('bob'), cursor(1));
    for (const stream of [first, unnamed]) {
      await stream.until(is('cursor-moved', 'bob'));
      expect(stream.seen.filter((event) => 'userId' in event && event.userId === 'ada')).toEqual([]);
    }
  });

  it('tell what happens to the document: its collaborators and its title', async () => {
    const { documents, ada } = house;
    const bob = await events('bob');
    await bob.until(is('snapshot'));
    await documents.collaborators.add(ada, id, 'dan', 'VIEWER');
    const added = await bob.until(is('collaborator-added'));
    expect(added.kind === 'collaborator-added' && (await added.collaborator())).toMatchObject({
      userId: 'dan',
      role: 'VIEWER',
      addedBy: 'ada',
    });
    house.clock.advance(1_000);
    await documents.collaborators.changeRole(ada, id, 'dan', 'EDITOR');
    const changed = await bob.until(is('collaborator-role-changed'));
    expect(changed.kind === 'collaborator-role-changed' && (await changed.collaborator())).toMatchObject({
      userId: 'dan',
      role: 'EDITOR',
      addedAt: added.at,
    });
    await documents.update(ada, id, { title: 'Floods' });
    expect(await bob.until(is('document-updated'))).toMatchObject({ changedFields: ['title'], by: 'ada' });
    await documents.collaborators.remove(ada, id, 'dan');
    expect(await bob.until(is('collaborator-removed'))).toMatchObject({ userId: 'dan', by: 'ada' });
  });

  it('[P7] end with FORBIDDEN for one who is taken off, who is gone for the others at once', async () => {
    const { documents, collaboration, ada } = house;
    const bob = await events('bob', 'tab');
    const bobsState = await updates('bob', 'tab');
    collaboration.join(...as('bob', 'poll'));
    const cem = await events('cem');
    await Promise.all([bob.until(is('snapshot')), bobsState.until(() => true), cem.until(is('snapshot'))]);
    await documents.collaborators.remove(ada, id, 'bob');
    const seen = [bob.seen.length, bobsState.seen.length];
    expect(here()).toEqual(['cem 1']);
    collaboration.moveCursor(...as('cem'), cursor(1));
    house.clock.advance(STATE_INTERVAL_MS);
    expect(await bob.ended()).toEqual(code('FORBIDDEN'));
    expect(await bobsState.ended()).toEqual(code('FORBIDDEN'));
    expect([bob.seen.length, bobsState.seen.length]).toEqual(seen);
    await cem.until(is('user-left', 'bob'));
    await expect(collaboration.events(...as('bob'))).rejects.toEqual(code('NOT_FOUND'));
  });

  describe('[P7] end although the announcement of the removal was lost', () => {
    /** Removes somebody on an instance that nobody hears. */
    const removeUnheard = async (userId = 'bob') => {
      const { database, broker, clock, ada } = house;
      const limits = { changeChars: 10, documentChars: 1_000, uploadBytes: 1_000 };
      const blobs = createBlobs({ database, clock });
      const deaf = { ...broker, publish: () => {} };
      const elsewhere = createDocuments({
        database,
        broker: deaf,
        clock,
        blobs,
        limits,
        onSnapshotError: () => {},
      });
      await elsewhere.collaborators.remove(ada, id, userId);
    };
    it('with the next change of the text', async () => {
      const bob = await events('bob');
      await bob.until(is('snapshot'));
      await removeUnheard();
      await house.insert(house.ada, id, 0, 'secret');
      expect(await bob.ended()).toEqual(code('FORBIDDEN'));
      expect(here()).toEqual([]);
    });

    it('after 30 s when nothing happens', async () => {
      const bob = await updates('bob');
      await bob.until(() => true);
      house.clock.advance(STATE_INTERVAL_MS);
      await removeUnheard();
      house.clock.advance(SAFETY_POLL_MS);
      expect(await bob.ended()).toEqual(code('FORBIDDEN'));
      expect(here()).toEqual([]);
    });

    it('within 2 s while announcements are known to be lost, and at once when they come again', async () => {
      const health: Listener<never>[] = [];
      const listen: Broker['listen'] = (topic, address, listener) => {
        health.push(listener);
        return house.broker.listen(topic, address, listener);
      };
      const { documents, clock, broker, viewer } = house;
      const collaboration = createCollaboration({ documents, clock, broker: { ...broker, listen } });
      const bob = follow(
        await collaboration.events(viewer('bob'), { documentId: id, clientId: null, connectionId: null }),
      );
      const cem = follow(
        await collaboration.events(viewer('cem'), { documentId: id, clientId: null, connectionId: null }),
      );
      await Promise.all([bob.until(is('snapshot')), cem.until(is('snapshot'))]);
      for (const listener of health) listener.onInterrupted?.();
      await removeUnheard();
      clock.advance(POLL_MS);
      expect(await bob.ended()).toEqual(code('FORBIDDEN'));
      await removeUnheard('cem');
      for (const listener of health) listener.onLive?.();
      expect(await cem.ended()).toEqual(code('FORBIDDEN'));
      expect(clock.pending).toBe(0);
    });
  });

  it('end with NOT_FOUND when the document is deleted, and nothing is left of the session', async () => {
    const streams = [await events('ada', 'tab'), await events('bob')];
    const state = await updates('cem');
    house.collaboration.join(...as('cem', 'poll'));
    await Promise.all([...streams.map((stream) => stream.until(is('snapshot'))), state.until(() => true)]);
    await house.documents.delete(house.ada, id);
    house.clock.advance(STATE_INTERVAL_MS);
    for (const stream of [...streams, state]) expect(await stream.ended()).toEqual(code('NOT_FOUND'));
    expect(house.collaboration.activeDocuments).toBe(0);
    expect(house.broker.stats().listeners).toBe(0);
    expect(house.clock.pending).toBe(0);
  });

  it('go on, seat and all, for one who may read after all when it is checked', async () => {
    const bob = await events('bob', 'tab');
    const ada = await events('ada');
    await Promise.all([bob.until(is('snapshot')), ada.until(is('snapshot'))]);
    const removal = {
      kind: 'collaborator-removed',
      userId: 'bob',
      by: 'ada',
      at: house.clock.now(),
    } as const;
    house.broker.publish(documentEvents, { tenantId: 'default', key: id }, removal);
    expect(here()).toEqual(['ada 1']);
    await ada.until(is('user-joined', 'bob'));
    expect(here()).toEqual(['ada 1', 'bob 1']);
    await bob.stop();
    expect(here()).toEqual(['ada 1']);
  });
});

describe('collaboration updates', () => {
  it('[P8] join, follow and leave; a subscription to both kinds is one client', async () => {
    const ada = await updates('ada', 'tab');
    const too = await events('ada', 'tab');
    await Promise.all([ada.until(() => true), too.until(is('snapshot'))]);
    expect(here()).toEqual(['ada 1']);
    house.collaboration.moveCursor(...as('bob'), cursor(7));
    house.clock.advance(STATE_INTERVAL_MS);
    await ada.until(({ participants }) => participants.some(({ cursor }) => cursor?.position === 7));
    await house.insert(house.ada, id, 2, 'xx', 'tab');
    house.clock.advance(STATE_INTERVAL_MS);
    await ada.until(({ participants }) => participants.some(({ cursor }) => cursor?.position === 9));
    await ada.stop();
    expect(here()).toEqual(['ada 1', 'bob 1']);
    await too.stop();
    expect(here()).toEqual(['bob 1']);
  });

  it('leave nothing behind when they end before they have begun', async () => {
    const never = await house.collaboration.updates(...as('ada'));
    expect(here()).toEqual([]);
    await never.return?.();
    const early = await house.collaboration.events(...as('ada'));
    const first = early.next();
    await early.return?.();
    await first;
    expect(here()).toEqual([]);
    expect(house.collaboration.activeDocuments).toBe(0);
    expect(house.broker.stats().listeners).toBe(0);
    expect(house.clock.pending).toBe(0);
  });

  it('[P9] are nothing to one who may not read, and nothing of another tenant', async () => {
    const { collaboration, viewer } = house;
    await expect(collaboration.updates(...as('eve'))).rejects.toEqual(code('NOT_FOUND'));
    const other = { documentId: id, clientId: null, connectionId: null };
    await expect(collaboration.updates(viewer('ada', 'other'), other)).rejects.toEqual(code('NOT_FOUND'));
    collaboration.join(...as('ada'));
    expect(collaboration.session({ tenantId: 'other', documentId: id }).participants).toEqual([]);
    expect(house.collaboration.activeDocuments).toBe(1);
  });
});

describe('calls', () => {
  it('[P11] refuse bad cursors and bad names, and change nothing', () => {
    const { collaboration } = house;
    const bad = (argument: string) =>
      expect.objectContaining({ code: 'BAD_USER_INPUT', details: { argument } }) as Error;
    const move = (change: Partial<Cursor>) => () =>
      collaboration.moveCursor(...as('ada'), { ...cursor(1), ...change });
    expect(move({ position: -1 })).toThrow(bad('position.position'));
    expect(move({ line: -1 })).toThrow(bad('position.line'));
    expect(move({ column: -1 })).toThrow(bad('position.column'));
    expect(move({ selectionEnd: -1 })).toThrow(bad('position.selectionEnd'));
    expect(move({ selection: 'x'.repeat(1_001) })).toThrow(bad('position.selection'));
    expect(move({ selection: '\ud800' })).toThrow(bad('position.selection'));
    expect(() => collaboration.join(...as('ada', 'no spaces'))).toThrow(bad('clientId'));
    expect(here()).toEqual([]);
    expect(collaboration.activeDocuments).toBe(0);
  });

  it('leaving says whether one was there, and OFFLINE leaves', () => {
    const { collaboration } = house;
    expect(collaboration.leave(...as('ada'))).toBe(false);
    collaboration.join(...as('ada'));
    expect(collaboration.leave(...as('ada'))).toBe(true);
    collaboration.updatePresence(...as('ada'), 'ONLINE');
    expect(here()).toEqual(['ada 1']);
    collaboration.updatePresence(...as('ada'), 'OFFLINE');
    expect(here()).toEqual([]);
    expect(house.clock.pending).toBe(0);
  });

  it('are refused after the end, which may be said twice', () => {
    const { collaboration } = house;
    collaboration.join(...as('ada'));
    collaboration.close();
    collaboration.close();
    expect(() => collaboration.join(...as('ada'))).toThrow(code('UNAVAILABLE'));
    expect(house.broker.stats().listeners).toBe(0);
    expect(house.clock.pending).toBe(0);
  });
});
