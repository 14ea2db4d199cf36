import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DocumentEvent, documentEvents } from '../../src/documents/topics.ts';
import {
  createDesk,
  type Desk,
  expectRefusal,
  LIMITS,
  type Person,
  replay,
  type Service,
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

const create = (person: Person, input: { id?: string; title?: string; content?: string }) =>
  service.documents.create(person.viewer, { title: 'Notes', content: '', ...input });

/** What is announced of a document while something is done. */
async function heardWhile(id: string, task: () => Promise<unknown>): Promise<DocumentEvent[]> {
  const heard: DocumentEvent[] = [];
  const address = { tenantId: 'acme', key: id };
  const listening = service.broker.listen(documentEvents, address, { onEvent: (event) => heard.push(event) });
  try {
    await task();
  } finally {
    listening.close();
  }
  return heard;
}

describe('creating', () => {
  it('gives a document of the creator’s own; content is revision 1, an empty one has none', async () => {
    const row = await create(ada, { title: '  Plans \n', content: 'Hello 🎈' });
    expect(row).toMatchObject({ title: 'Plans', revision: 1, length: 8, createdBy: 'ada', epoch: 0 });
    expect([row.createdAt, row.updatedAt]).toEqual([service.clock.now(), service.clock.now()]);
    expect(await service.documents.roleOf(ada.viewer, row.id)).toBe('OWNER');
    expect(await ada.text(row.id)).toBe('Hello 🎈');
    expect(await ada.textAt(row.id, 0)).toBe('');
    expect(await ada.log(row.id)).toMatchObject([
      { revision: 1, position: 0, length: 0, content: 'Hello 🎈', userId: 'ada', clientId: null },
    ]);
    const empty = await create(ada, {});
    expect([empty.revision, empty.length, await ada.text(empty.id)]).toEqual([0, 0, '']);
    expect(await ada.log(empty.id)).toEqual([]);
  });

  it('[P2] with an id may be called again: the document is returned as it is by now', async () => {
    const first = await create(ada, { id: 'doc:1', content: 'abc' });
    expect(await create(ada, { id: 'doc:1', content: 'abc' })).toEqual(first);
    await ada.insert('doc:1', 3, 'd');
    expect(await create(ada, { id: 'doc:1', content: 'abc', title: ' Notes ' })).toMatchObject({
      revision: 2,
    });
    const both = await Promise.all([create(ada, { id: 'doc:2' }), create(ada, { id: 'doc:2' })]);
    expect(both[0]).toEqual(both[1]);
    expect(await ada.text('doc:1')).toBe('abcd');
  });

  it('with the id of another document is CONFLICT: other input, another user, a deleted one', async () => {
    await create(ada, { id: 'taken', content: 'abc' });
    const refused = (person: Person, input: object) =>
      expectRefusal(create(person, { id: 'taken', content: 'abc', ...input }), 'CONFLICT', 'input.id');
    await refused(ada, { title: 'Other' });
    await refused(ada, { content: 'abcd' });
    await refused(bob, {});
    expect(await ada.text('taken')).toBe('abc');
    await service.documents.delete(ada.viewer, 'taken');
    await refused(ada, {});
    await refused(bob, {});
  });

  it('[P9] with the id of another tenant’s document is independent of it', async () => {
    await create(ada, { id: 'common', content: 'ours' });
    const stranger = service.as('ada', 'globex');
    await stranger.create('theirs', 'common');
    expect([await ada.text('common'), await stranger.text('common')]).toEqual(['ours', 'theirs']);
    await service.documents.delete(ada.viewer, 'common');
    expect(await stranger.text('common')).toBe('theirs');
  });

  it('[P2] at once on a database that lets both look before one of them writes is still one document', async () => {
    // As Postgres may: the first look of the second call does not see the document.
    let looks = 0;
    let racing = false;
    const blind: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        const isLook = racing && result.rows.some((row) => 'digest' in row && 'deleted' in row === false);
        if (!isLook) return result;
        looks += 1;
        return looks === 1 ? { ...result, rows: [] } : result;
      },
    };
    const other = await desk.open({
      through: (database) => ({ ...database, query: database.query.withPlugin(blind) }),
    });
    await create(ada, { id: 'raced', content: 'abc' });
    racing = true;
    const again = await other.documents.create(ada.viewer, { id: 'raced', title: 'Notes', content: 'abc' });
    expect([again.id, again.revision, looks]).toEqual(['raced', 1, 2]);
    looks = 0;
    const conflict = other.documents.create(bob.viewer, { id: 'raced', title: 'Notes', content: 'abc' });
    await expectRefusal(conflict, 'CONFLICT', 'input.id');
    expect(await ada.log('raced')).toHaveLength(1);
  });

  it('[P11] checks id, title and content', async () => {
    for (const id of ['', 'a b', 'x'.repeat(129), 'ü', '../etc', 'a\0']) {
      await expectRefusal(create(ada, { id }), 'BAD_USER_INPUT', 'input.id');
    }
    for (const title of ['', ' \n\t ', 'x'.repeat(501), 'a\0b', 'a\ud800']) {
      await expectRefusal(create(ada, { title }), 'BAD_USER_INPUT', 'input.title');
    }
    expect((await create(ada, { title: ` ${'x'.repeat(500)} ` })).title).toHaveLength(500);
    for (const content of ['a\0', '\udf88']) {
      await expectRefusal(create(ada, { content }), 'BAD_USER_INPUT', 'input.content');
    }
    const most = 'x'.repeat(LIMITS.documentChars);
    expect((await create(ada, { content: most })).length).toBe(LIMITS.documentChars);
    await expectRefusal(create(ada, { content: `${most}x` }), 'PAYLOAD_TOO_LARGE', 'input.content');
  });
});

describe('reading', () => {
  it('a document that is not there, or that one may not read, is null or NOT_FOUND', async () => {
    const { id } = await create(ada, {});
    for (const [person, wanted] of [
      [bob, id],
      [ada, 'nothing-here'],
    ] as const) {
      expect(await service.documents.find(person.viewer, wanted)).toBeNull();
      await expectRefusal(person.row(wanted), 'NOT_FOUND');
      await expectRefusal(service.documents.roleOf(person.viewer, wanted), 'NOT_FOUND');
    }
  });

  it('[P11] an id that no document can have is NOT_FOUND, not an error of the database', async () => {
    const { documents } = service;
    const { viewer } = ada;
    for (const id of ['', '\0', 'a\ud800', "'; drop table documents; --", 'x'.repeat(100_000)]) {
      expect(await documents.find(viewer, id)).toBeNull();
      const calls = [
        ada.row(id),
        ada.insert(id, 0, 'x'),
        documents.update(viewer, id, { title: 'x' }),
        documents.delete(viewer, id),
        documents.revert(viewer, { documentId: id, toRevision: 0 }),
        documents.collaborators.add(viewer, id, 'bob', 'EDITOR'),
        documents.streams.changes(viewer, { documentId: id, echo: true, clientId: null }),
      ];
      await Promise.all(calls.map((call) => expectRefusal(call, 'NOT_FOUND')));
    }
  });

  it('the log is given in parts, up to the revision of the row', async () => {
    const { id } = await create(ada, { content: 'abc' });
    for (const letter of 'defg') await ada.insert(id, 0, letter);
    const row = await ada.row(id);
    const revisions = async (after: number, first: number) =>
      (await service.documents.changes(row, after, first)).map(({ revision }) => revision);
    expect(await revisions(0, 2)).toEqual([1, 2]);
    expect(await revisions(3, 100)).toEqual([4, 5]);
    await ada.insert(id, 0, 'later');
    expect(await revisions(3, 100)).toEqual([4, 5]);
    expect(await revisions(5, 100)).toEqual([]);
    expect(await revisions(99, 100)).toEqual([]);
    await expectRefusal(service.documents.changes(row, -1, 10), 'BAD_USER_INPUT', 'after');
    expect(await service.documents.contentAt(row, row.revision)).toBe('gfedabc');
  });
});

describe('updating', () => {
  it('changes the title, for EDITOR and OWNER, and announces it', async () => {
    const { id } = await create(ada, {});
    await service.documents.collaborators.add(ada.viewer, id, 'bob', 'EDITOR');
    await service.documents.collaborators.add(ada.viewer, id, 'vic', 'VIEWER');
    service.clock.advance(1000);
    const heard = await heardWhile(id, async () => {
      const row = await service.documents.update(bob.viewer, id, { title: ' New ' });
      expect(row).toMatchObject({ title: 'New', updatedAt: service.clock.now(), revision: 0 });
    });
    expect(heard).toEqual([
      { kind: 'updated', changedFields: ['title'], by: 'bob', at: service.clock.now() },
    ]);
    const vic = service.as('vic');
    await expectRefusal(service.documents.update(vic.viewer, id, { title: 'x' }), 'FORBIDDEN');
    await expectRefusal(service.documents.update(service.as('eve').viewer, id, { title: 'x' }), 'NOT_FOUND');
    await expectRefusal(
      service.documents.update(ada.viewer, id, { title: ' ' }),
      'BAD_USER_INPUT',
      'input.title',
    );
    expect((await ada.row(id)).title).toBe('New');
  });

  it('to what it is, or to nothing, changes and announces nothing', async () => {
    const { id, updatedAt } = await create(ada, {});
    service.clock.advance(1000);
    const heard = await heardWhile(id, async () => {
      await service.documents.update(ada.viewer, id, {});
      await service.documents.update(ada.viewer, id, { title: null });
      await service.documents.update(ada.viewer, id, { title: 'Notes ' });
    });
    expect(heard).toEqual([]);
    expect((await ada.row(id)).updatedAt).toBe(updatedAt);
  });
});

describe('deleting', () => {
  it('is for owners, and the document is gone for everybody', async () => {
    const { id } = await create(ada, { content: 'abc' });
    await service.documents.collaborators.add(ada.viewer, id, 'bob', 'EDITOR');
    await expectRefusal(service.documents.delete(bob.viewer, id), 'FORBIDDEN');
    await expectRefusal(service.documents.delete(service.as('eve').viewer, id), 'NOT_FOUND');
    expect(await bob.text(id)).toBe('abc');
    const before = await service.documents.count(bob.viewer);
    const heard = await heardWhile(id, () => service.documents.delete(ada.viewer, id));
    expect(heard).toEqual([{ kind: 'deleted', by: 'ada', at: service.clock.now() }]);
    for (const person of [ada, bob]) {
      expect(await service.documents.find(person.viewer, id)).toBeNull();
      await expectRefusal(person.insert(id, 0, 'x'), 'NOT_FOUND');
      await expectRefusal(service.documents.update(person.viewer, id, { title: 'x' }), 'NOT_FOUND');
      const listed = await service.documents.page(person.viewer, 100, null);
      expect(listed.map((row) => row.id)).not.toContain(id);
    }
    expect(await service.documents.count(bob.viewer)).toBe(before - 1);
    await expectRefusal(service.documents.delete(ada.viewer, id), 'NOT_FOUND');
    await expectRefusal(service.documents.collaborators.add(ada.viewer, id, 'eve', 'VIEWER'), 'NOT_FOUND');
  });
});

describe('reverting', () => {
  const revert = (person: Person, documentId: string, toRevision: number, changeId?: string) =>
    service.documents.revert(person.viewer, { documentId, toRevision, changeId });

  it('is a new change that restores an earlier text, as small as can be, and cuts no pair', async () => {
    const { id } = await create(ada, { content: 'x🦊y' });
    await ada.replace(id, 1, 2, '🦥');
    await ada.insert(id, 4, ' and more');
    const result = await revert(ada, id, 2);
    expect(result.changes).toMatchObject([{ revision: 4, position: 4, length: 9, content: '' }]);
    expect((await revert(ada, id, 1)).changes).toMatchObject([
      { revision: 5, position: 1, length: 2, content: '🦊' },
    ]);
    expect(await ada.text(id)).toBe('x🦊y');
    const empty = await revert(ada, id, 0);
    expect([empty.revision, await ada.text(id)]).toEqual([6, '']);
    expect(replay(await ada.log(id))).toBe('');
    expect(await ada.textAt(id, 3)).toBe('x🦥y and more');
  });

  it('[P2] is applied once for a changeId; to the text that stands already it changes nothing', async () => {
    const { id } = await create(ada, { content: 'abc' });
    await ada.insert(id, 3, 'd');
    const first = await revert(ada, id, 1, 'undo');
    await ada.insert(id, 0, 'later ');
    expect(await revert(ada, id, 1, 'undo')).toEqual({ ...first, replayed: true });
    await expectRefusal(revert(ada, id, 2, 'undo'), 'CONFLICT', 'changeId');
    await expectRefusal(ada.erase(id, 3, 1, { changeId: 'undo' }), 'CONFLICT', 'changeId');
    expect(await ada.text(id)).toBe('later abc');
    expect(await revert(ada, id, 4)).toEqual({ changes: [], revision: 4, replayed: false });
  });

  it('[P11] needs EDITOR and a revision that is there', async () => {
    const { id } = await create(ada, { content: 'abc' });
    await service.documents.collaborators.add(ada.viewer, id, 'vic', 'VIEWER');
    await expectRefusal(revert(service.as('vic'), id, 0), 'FORBIDDEN');
    await expectRefusal(revert(service.as('eve'), id, 0), 'NOT_FOUND');
    for (const revision of [-1, 2])
      await expectRefusal(revert(ada, id, revision), 'BAD_USER_INPUT', 'toRevision');
    await expectRefusal(revert(ada, id, 0, 'bad id'), 'BAD_USER_INPUT', 'changeId');
    expect((await ada.row(id)).revision).toBe(1);
  });
});
