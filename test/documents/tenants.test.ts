import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsOf } from '../../src/platform/realtime/source.ts';
import { createDesk, type Desk, expectRefusal, type Person, type Service } from '../support/documents.ts';

let desk: Desk;
let service: Service;
let ada: Person;
/** The same user id in another tenant. */
let stranger: Person;
let id: string;

beforeAll(async () => {
  desk = await createDesk();
  service = await desk.open();
  ada = service.as('ada');
  stranger = service.as('ada', 'globex');
  id = await ada.create('our text');
  await service.documents.collaborators.add(ada.viewer, id, 'bob', 'EDITOR');
  await ada.insert(id, 0, 'Here is ', { changeId: 'one' });
});
afterAll(() => desk.close());

/** Everything that the database holds. */
async function everything() {
  const { query } = service;
  const tables = [
    'documents',
    'document_collaborators',
    'document_changes',
    'document_receipts',
    'document_snapshots',
    'document_search_parts',
  ] as const;
  return Promise.all(tables.map((table) => query.selectFrom(table).selectAll().execute()));
}

describe('[P9] for another tenant’s user, though of the same id', () => {
  it('a document is not there, whatever is tried with it, and stays as it is', async () => {
    const { documents } = service;
    const { viewer } = stranger;
    const before = await everything();
    expect(await documents.find(viewer, id)).toBeNull();
    const calls: Promise<unknown>[] = [
      stranger.row(id),
      documents.roleOf(viewer, id),
      documents.update(viewer, id, { title: 'Mine' }),
      documents.delete(viewer, id),
      stranger.insert(id, 0, 'x'),
      stranger.insert(id, 0, 'Here is ', { changeId: 'one' }),
      stranger.erase(id, 0, 1, { base: 1 }),
      stranger.insert(id, 99, 'x'),
      documents.revert(viewer, { documentId: id, toRevision: 0 }),
      documents.collaborators.add(viewer, id, 'eve', 'OWNER'),
      documents.collaborators.changeRole(viewer, id, 'bob', 'OWNER'),
      documents.collaborators.remove(viewer, id, 'bob'),
      documents.collaborators.remove(viewer, id, 'ada'),
      documents.streams.changes(viewer, { documentId: id, echo: true, clientId: null, after: 0 }),
    ];
    await Promise.all(calls.map((call) => expectRefusal(call, 'NOT_FOUND')));
    expect(await everything()).toEqual(before);
    expect(service.broker.stats().listeners).toBe(0);
  });

  it('the answer is the same as for what does not exist', async () => {
    const messageOf = (call: Promise<unknown>) =>
      call.then(
        () => 'accepted',
        (error: unknown) => JSON.stringify([String(error), error]),
      );
    const calls = (documentId: string) => [
      stranger.row(documentId),
      stranger.insert(documentId, 0, 'x'),
      service.documents.delete(stranger.viewer, documentId),
      service.documents.collaborators.add(stranger.viewer, documentId, 'eve', 'OWNER'),
      service.documents.streams.changes(stranger.viewer, { documentId, echo: true, clientId: null }),
    ];
    const ofTheirs = await Promise.all(calls(id).map(messageOf));
    expect(ofTheirs).toEqual(await Promise.all(calls('nothing-here').map(messageOf)));
  });

  it('lists and counts hold nothing of it', async () => {
    const own = await stranger.create('theirs');
    expect((await service.documents.page(stranger.viewer, 100, null)).map((row) => row.id)).toEqual([own]);
    expect(await service.documents.count(stranger.viewer)).toBe(1);
    const row = await ada.row(id);
    const position = { createdAt: row.createdAt + 1, id: row.id };
    expect((await service.documents.page(stranger.viewer, 100, position)).map((found) => found.id)).toEqual([
      own,
    ]);
  });

  it('a stream of an own document of the same id hears nothing of it', async () => {
    await stranger.create('', id);
    const input = { documentId: id, echo: true, clientId: null, after: 0 };
    const stream = eventsOf(await service.documents.streams.changes(stranger.viewer, input));
    const next = stream.next();
    await ada.insert(id, 0, 'secret ');
    await stranger.insert(id, 0, 'own');
    expect((await next).value).toMatchObject({ revision: 1, content: 'own' });
    await stream.return?.();
    expect([await ada.text(id), await stranger.text(id)]).toEqual(['secret Here is our text', 'own']);
  });
});
