import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_COLLABORATORS } from '../../src/documents/collaborators.ts';
import { type Role, roles } from '../../src/documents/permissions.ts';
import { type DocumentEvent, documentEvents } from '../../src/documents/topics.ts';
import { createDesk, type Desk, expectRefusal, type Person, type Service } from '../support/documents.ts';

let desk: Desk;
let service: Service;
let ada: Person;
let id: string;
let heard: DocumentEvent[];

beforeAll(async () => {
  desk = await createDesk();
  service = await desk.open();
  ada = service.as('ada');
});
afterAll(() => desk.close());

/** A new document of ada's with these collaborators, whose announcements are heard from now on. */
async function team(others: Record<string, Role> = {}): Promise<void> {
  id = await ada.create('abc');
  for (const [userId, role] of Object.entries(others)) await add('ada', userId, role);
  heard = [];
  const listener = { onEvent: (event: DocumentEvent) => heard.push(event) };
  service.broker.listen(documentEvents, { tenantId: 'acme', key: id }, listener);
}

const viewer = (name: string) => service.as(name).viewer;
const add = (by: string, userId: string, role: Role) =>
  service.documents.collaborators.add(viewer(by), id, userId, role);
const change = (by: string, userId: string, role: Role) =>
  service.documents.collaborators.changeRole(viewer(by), id, userId, role);
const remove = (by: string, userId: string) => service.documents.collaborators.remove(viewer(by), id, userId);

const present = async () => {
  const list = await service.documents.collaborators.list({ tenantId: 'acme', documentId: id });
  return Object.fromEntries(list.map(({ userId, role }) => [userId, role]));
};
const epoch = async () => (await ada.row(id)).epoch;

describe('adding a collaborator', () => {
  it('lets in, raises the access epoch and announces it', async () => {
    await team();
    service.clock.advance(1000);
    await add('ada', 'bob', 'EDITOR');
    const at = service.clock.now();
    expect(await service.documents.collaborators.list({ tenantId: 'acme', documentId: id })).toEqual([
      { userId: 'ada', role: 'OWNER', addedBy: 'ada', addedAt: at - 1000 },
      { userId: 'bob', role: 'EDITOR', addedBy: 'ada', addedAt: at },
    ]);
    expect([await epoch(), await service.as('bob').text(id)]).toEqual([1, 'abc']);
    expect(heard).toEqual([{ kind: 'collaborator-added', userId: 'bob', role: 'EDITOR', by: 'ada', at }]);
  });

  it('with the same role again is no error and changes nothing; with another one it is CONFLICT', async () => {
    await team({ bob: 'EDITOR' });
    await add('ada', 'bob', 'EDITOR');
    await expectRefusal(add('ada', 'bob', 'VIEWER'), 'CONFLICT');
    await expectRefusal(add('ada', 'ada', 'EDITOR'), 'CONFLICT');
    expect(await present()).toEqual({ ada: 'OWNER', bob: 'EDITOR' });
    expect([await epoch(), heard]).toEqual([1, []]);
  });

  it('[P11] checks the user id', async () => {
    await team();
    for (const bad of ['', 'a\nb', 'a\0', 'a\ud800', 'x'.repeat(129)]) {
      await expectRefusal(add('ada', bad, 'VIEWER'), 'BAD_USER_INPUT', 'userId');
    }
    await add('ada', 'auth0|Zoë Müller 🎈', 'VIEWER');
    expect(await service.as('auth0|Zoë Müller 🎈').text(id)).toBe('abc');
  });

  it('[P11] ends at the bound', async () => {
    await team();
    const key = { tenant_id: 'acme', document_id: id };
    const rows = Array.from({ length: MAX_COLLABORATORS - 2 }, (_, index) => ({
      ...key,
      user_id: `reader-${index}`,
      role: 'VIEWER' as const,
      added_by: 'ada',
      added_at: 0,
    }));
    await service.query.insertInto('document_collaborators').values(rows).execute();
    await add('ada', 'last', 'VIEWER');
    await expectRefusal(add('ada', 'one-too-many', 'VIEWER'), 'PAYLOAD_TOO_LARGE');
    await add('ada', 'last', 'VIEWER');
    await remove('ada', 'reader-7');
    await add('ada', 'one-more', 'VIEWER');
    expect(Object.keys(await present())).toHaveLength(MAX_COLLABORATORS);
  });
});

describe('changing a role', () => {
  it('gives the new rights at once, raises the epoch, keeps who added whom, and announces it', async () => {
    await team({ bob: 'VIEWER' });
    const bob = service.as('bob');
    await expectRefusal(bob.insert(id, 0, 'x'), 'FORBIDDEN');
    await change('ada', 'bob', 'EDITOR');
    await bob.insert(id, 0, 'x');
    await change('ada', 'bob', 'VIEWER');
    await expectRefusal(bob.insert(id, 0, 'y'), 'FORBIDDEN');
    expect(await bob.text(id)).toBe('xabc');
    expect([await epoch(), await present()]).toEqual([3, { ada: 'OWNER', bob: 'VIEWER' }]);
    expect(heard).toMatchObject([
      { kind: 'collaborator-role-changed', userId: 'bob', role: 'EDITOR', by: 'ada' },
      { kind: 'collaborator-role-changed', userId: 'bob', role: 'VIEWER', by: 'ada' },
    ]);
  });

  it('to the one that it is changes nothing; of somebody else’s it is BAD_USER_INPUT', async () => {
    await team({ bob: 'VIEWER' });
    await change('ada', 'bob', 'VIEWER');
    await expectRefusal(change('ada', 'eve', 'VIEWER'), 'BAD_USER_INPUT', 'userId');
    expect([await epoch(), heard]).toEqual([1, []]);
  });
});

describe('removing', () => {
  it('ends the access, raises the epoch and announces it', async () => {
    await team({ bob: 'EDITOR' });
    await remove('ada', 'bob');
    await expectRefusal(service.as('bob').text(id), 'NOT_FOUND');
    expect([await epoch(), await present()]).toEqual([2, { ada: 'OWNER' }]);
    expect(heard).toEqual([
      { kind: 'collaborator-removed', userId: 'bob', by: 'ada', at: service.clock.now() },
    ]);
    await expectRefusal(remove('ada', 'bob'), 'BAD_USER_INPUT', 'userId');
  });

  it('oneself is for everybody', async () => {
    await team({ vic: 'VIEWER', bob: 'EDITOR', olga: 'OWNER' });
    for (const name of ['vic', 'bob', 'olga']) await remove(name, name);
    expect(await present()).toEqual({ ada: 'OWNER' });
  });
});

describe('the owners of a document', () => {
  it('are at least one: the last can neither go nor step down', async () => {
    await team({ bob: 'EDITOR' });
    await expectRefusal(remove('ada', 'ada'), 'CONFLICT');
    await expectRefusal(change('ada', 'ada', 'EDITOR'), 'CONFLICT');
    await change('ada', 'bob', 'OWNER');
    await change('bob', 'ada', 'VIEWER');
    await expectRefusal(remove('bob', 'bob'), 'CONFLICT');
    await remove('bob', 'ada');
    expect(await present()).toEqual({ bob: 'OWNER' });
  });

  it('are at least one also when two step down at once', async () => {
    await team({ olga: 'OWNER' });
    const results = await Promise.allSettled([remove('ada', 'ada'), remove('olga', 'olga')]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(Object.values(await present())).toEqual(['OWNER']);
  });

  it('alone change who may do what: FORBIDDEN for the others, NOT_FOUND for strangers', async () => {
    await team({ bob: 'EDITOR', vic: 'VIEWER' });
    const before = await present();
    for (const [name, code] of [
      ['bob', 'FORBIDDEN'],
      ['vic', 'FORBIDDEN'],
      ['eve', 'NOT_FOUND'],
    ] as const) {
      const other = name === 'vic' ? 'bob' : 'vic';
      await expectRefusal(add(name, 'friend', 'VIEWER'), code);
      await expectRefusal(add(name, name, 'OWNER'), code);
      await expectRefusal(change(name, name, 'OWNER'), code);
      await expectRefusal(change(name, other, 'OWNER'), code);
      await expectRefusal(remove(name, other), code);
      await expectRefusal(remove(name, 'ada'), code);
    }
    await expectRefusal(remove('eve', 'eve'), 'NOT_FOUND');
    expect([await present(), await epoch(), heard]).toEqual([before, 2, []]);
  });
});

describe('the roles', () => {
  it('include one another: VIEWER, EDITOR, OWNER', async () => {
    await team({ vic: 'VIEWER', bob: 'EDITOR' });
    const may = async (name: string) => {
      const allowed: Role[] = [];
      for (const role of roles) {
        const found = await service.documents.mustFind(viewer(name), id, role).catch(() => null);
        if (found) allowed.push(role);
      }
      return allowed;
    };
    expect(await may('vic')).toEqual(['VIEWER']);
    expect(await may('bob')).toEqual(['VIEWER', 'EDITOR']);
    expect(await may('ada')).toEqual(['VIEWER', 'EDITOR', 'OWNER']);
    expect(await may('eve')).toEqual([]);
  });
});
