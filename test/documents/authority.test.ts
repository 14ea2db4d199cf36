import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_WAITING_CHANGES } from '../../src/documents/authority.ts';
import type { DocumentChange } from '../../src/documents/change.ts';
import { documentChanged } from '../../src/documents/topics.ts';
import {
  createDesk,
  type Desk,
  expectContiguous,
  expectRefusal,
  LONG_TEXT,
  type Person,
  replay,
  type Service,
  thousandChanges,
  turns,
} from '../support/documents.ts';

let desk: Desk;
let service: Service;
let ada: Person;
let bob: Person;

beforeAll(async () => {
  desk = await createDesk();
  service = await desk.open();
  ada = service.as('ada');
  bob = service.as('bob');
});
afterAll(() => desk.close());

/** A document of ada's that bob may edit. */
async function shared(content: string): Promise<string> {
  const id = await ada.create(content);
  await service.documents.collaborators.add(ada.viewer, id, 'bob', 'EDITOR');
  return id;
}

/** Hears what is announced of a document until it is stopped. */
function announcements(id: string) {
  const hints: (readonly DocumentChange[])[] = [];
  const address = { tenantId: 'acme', key: id };
  const listening = service.broker.listen(documentChanged, address, {
    onEvent: ({ events }) => hints.push(events ?? []),
  });
  return { hints, stop: () => listening.close() };
}

describe('concurrent changes', () => {
  it('[P5] are rebased in the order of their commits, whatever revision they refer to', async () => {
    const id = await shared('hello');
    await ada.insert(id, 5, ' world', { base: 1 });
    await bob.insert(id, 5, '!', { base: 1 });
    await bob.erase(id, 0, 1, { base: 1 });
    await ada.insert(id, 0, 'H', { base: 2 });
    expect(await ada.text(id)).toBe('Hello world!');
    expect(replay(await ada.log(id))).toBe('Hello world!');
  });

  it('[P3] a deletion that another has written into becomes pieces that share the changeId', async () => {
    const id = await shared('0123456789');
    await bob.insert(id, 5, 'X', { base: 1 });
    const result = await ada.erase(id, 2, 6, { base: 1, changeId: 'cut' });
    expect(
      result.changes.map(({ revision, position, length, changeId }) => [
        revision,
        position,
        length,
        changeId,
      ]),
    ).toEqual([
      [3, 2, 3, 'cut'],
      [4, 3, 3, 'cut'],
    ]);
    expect([result.revision, result.replayed]).toEqual([4, false]);
    expect(await ada.text(id)).toBe('01X89');
  });

  it('[P3] a deletion of what is wholly gone gives no change and says the revision', async () => {
    const id = await shared('abcdef');
    await bob.erase(id, 1, 4, { base: 1 });
    await bob.insert(id, 0, '>');
    const heard = announcements(id);
    expect(await ada.erase(id, 2, 2, { base: 1 })).toEqual({ changes: [], revision: 3, replayed: false });
    heard.stop();
    expect(heard.hints).toEqual([]);
    expect(await ada.text(id)).toBe('>af');
  });

  it('refer to the newest text when they name no base', async () => {
    const id = await shared('abc');
    await bob.insert(id, 3, 'd');
    expect((await ada.insert(id, 4, 'e')).changes[0]).toMatchObject({ revision: 3, position: 4 });
  });

  it('of a list are applied all or none', async () => {
    const id = await shared('abc');
    const bad = ada.apply(id, [
      { changeType: 'INSERT', position: 3, content: 'd' },
      { changeType: 'INSERT', position: 9, content: 'e' },
    ]);
    await expectRefusal(bad, 'BAD_USER_INPUT', 'changes[1].position');
    expect((await ada.row(id)).revision).toBe(1);
    const good = await ada.apply(id, [
      { changeType: 'INSERT', position: 3, content: 'def' },
      { changeType: 'DELETE', position: 0, length: 1 },
      { changeType: 'REPLACE', position: 3, length: 1, content: 'E' },
    ]);
    expect(good.revision).toBe(3);
    expect(await ada.text(id)).toBe('bcdEf');
    expect(new Set(good.changes.map(({ changeId }) => changeId)).size).toBe(1);
  });

  it('[P5] carry the time of the server’s clock, the client and the access epoch', async () => {
    const id = await shared('');
    const { changes } = await bob.insert(id, 0, 'x', { clientId: 'tab-1' });
    expect(changes[0]).toMatchObject({
      documentId: id,
      revision: 1,
      userId: 'bob',
      clientId: 'tab-1',
      timestamp: service.clock.now(),
      epoch: 1,
    });
    expect(await ada.log(id)).toEqual(changes);
  });
});

describe('a group of changes', () => {
  it('[P5] 500 changes of one document land once each and in order', async () => {
    const id = await shared('');
    const heard = announcements(id);
    const results = await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        (index % 2 ? ada : bob).insert(id, 0, `${index},`, { base: 0, changeId: `n${index}` }),
      ),
    );
    heard.stop();
    expect(results.map(({ revision }) => revision)).toEqual(results.map((_, index) => index + 1));
    const log = await ada.log(id);
    expectContiguous(log);
    expect(log.map(({ content }) => content)).toEqual(results.map((_, index) => `${index},`));
    expect(heard.hints.flat()).toEqual(log);
    expect(heard.hints.length, 'committed together').toBeLessThan(50);
    expect(await ada.text(id)).toBe(results.map((_, index) => `${index},`).join(''));
    expect(await ada.row(id)).toMatchObject({ revision: 500, length: (await ada.text(id)).length });
  });

  it('a bad change does not disturb the others', async () => {
    const id = await shared('abc');
    const stranger = service.as('eve');
    const results = await Promise.allSettled([
      ada.insert(id, 0, '1'),
      ada.insert(id, 99, '2'),
      stranger.insert(id, 0, '3'),
      ada.insert(id, 0, '4', { base: 99 }),
      ada.insert(id, 0, '5', { base: -1 }),
      bob.insert(id, 0, '6'),
    ]);
    expect(
      results.map((result) =>
        result.status === 'fulfilled' ? 'ok' : (result.reason as { code: string }).code,
      ),
    ).toEqual(['ok', 'BAD_USER_INPUT', 'NOT_FOUND', 'BAD_USER_INPUT', 'BAD_USER_INPUT', 'ok']);
    expect(await ada.text(id)).toBe('61abc');
    expect((await ada.row(id)).revision).toBe(3);
  });

  it('[P11] ends early when it keeps the process busy: costly changes are not all worked out in one go', async () => {
    const id = await shared(LONG_TEXT);
    const heard = announcements(id);
    const letters = Array.from({ length: 24 }, (_, index) => String.fromCharCode(98 + index));
    await Promise.all(letters.map((letter) => ada.apply(id, thousandChanges(letter))));
    heard.stop();
    expect(heard.hints.length).toBeGreaterThan(1);
    expectContiguous(await ada.log(id));
    expect(await ada.text(id)).toBe('ya'.repeat(1000));
  });

  it('[P11] is refused with RATE_LIMITED when too many changes wait, and those that wait are served', async () => {
    const id = await shared('');
    const waiting = Array.from({ length: MAX_WAITING_CHANGES }, () => ada.insert(id, 0, 'x'));
    await expect(ada.insert(id, 0, 'y')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { retryAfterMs: expect.any(Number) as number },
    });
    const elsewhere = await shared('');
    expect((await ada.insert(elsewhere, 0, 'z')).revision).toBe(1);
    await Promise.all(waiting);
    expect(await ada.text(id)).toBe('x'.repeat(MAX_WAITING_CHANGES));
    expect((await ada.insert(id, 0, 'y')).revision).toBe(MAX_WAITING_CHANGES + 1);
  });

  it('is waited for when the service settles', async () => {
    const id = await shared('');
    let answered = 0;
    const changes = Array.from({ length: 300 }, () => ada.insert(id, 0, 'x').then(() => (answered += 1)));
    await service.documents.settled();
    await Promise.all(changes);
    expect(answered).toBe(300);
  });
});

describe('a base revision', () => {
  it.each([-1, 2, 2 ** 31 - 1])('%i of a document at revision 1 is refused', async (base) => {
    const id = await shared('abc');
    await expectRefusal(ada.insert(id, 0, 'x', { base }), 'BAD_USER_INPUT', 'baseRevision');
  });

  it('that only another instance has made is known all the same', async () => {
    const id = await shared('abc');
    await ada.text(id);
    const other = (await desk.open()).as('ada');
    await other.insert(id, 3, 'd');
    await other.insert(id, 4, 'e');
    expect((await ada.insert(id, 5, 'f', { base: 3 })).revision).toBe(4);
    expect(await other.text(id)).toBe('abcdef');
  });
});

describe('who may change a text', () => {
  it('EDITOR and OWNER; a VIEWER is FORBIDDEN, for a stranger there is NOT_FOUND', async () => {
    const id = await shared('abc');
    const { collaborators } = service.documents;
    await collaborators.add(ada.viewer, id, 'vic', 'VIEWER');
    const vic = service.as('vic');
    await expectRefusal(vic.insert(id, 0, 'x'), 'FORBIDDEN');
    await expectRefusal(service.as('eve').insert(id, 0, 'x'), 'NOT_FOUND');
    await expectRefusal(ada.insert('no-such-document', 0, 'x'), 'NOT_FOUND');
    expect((await bob.insert(id, 0, 'x')).revision).toBe(2);
    await collaborators.changeRole(ada.viewer, id, 'vic', 'EDITOR');
    expect((await vic.insert(id, 0, 'x')).revision).toBe(3);
    await service.documents.delete(ada.viewer, id);
    await expectRefusal(ada.insert(id, 0, 'x'), 'NOT_FOUND');
  });

  it('[P7] is decided in the transaction of the change', async () => {
    const id = await shared('abc');
    let change: Promise<unknown> = Promise.resolve();
    await service.query.transaction().execute(async (transaction) => {
      await transaction
        .updateTable('document_collaborators')
        .set({ role: 'VIEWER' })
        .where('document_id', '=', id)
        .where('user_id', '=', 'bob')
        .execute();
      change = bob.insert(id, 0, 'x');
      change.catch(() => undefined);
      // Whoever looked outside of a transaction would see an EDITOR until the commit.
      await turns();
      expect(await service.documents.roleOf(bob.viewer, id)).toBe('EDITOR');
    });
    await expectRefusal(change, 'FORBIDDEN');
    expect(await ada.text(id)).toBe('abc');
  });
});
