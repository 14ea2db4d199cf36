import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDesk, type Desk, expectRefusal, type Person, type Service } from '../support/documents.ts';

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

async function shared(content: string, id?: string): Promise<string> {
  const made = await ada.create(content, id);
  await service.documents.collaborators.add(ada.viewer, made, 'bob', 'EDITOR');
  return made;
}

describe('[P2] a change with a changeId', () => {
  it('applies once and is answered the same, however often it is sent', async () => {
    const id = await shared('0123456789');
    await bob.insert(id, 5, 'X');
    const first = await ada.erase(id, 2, 6, { base: 1, changeId: 'cut' });
    await bob.insert(id, 0, 'later');
    for (const base of [1, 2, undefined]) {
      const again = await ada.erase(id, 2, 6, { changeId: 'cut', ...(base !== undefined && { base }) });
      expect(again).toEqual({ ...first, replayed: true });
    }
    expect(await ada.text(id)).toBe('later01X89');
    expect((await ada.row(id)).revision).toBe(5);
  });

  it('applies once also over a restart', async () => {
    const id = await shared('abc');
    const first = await ada.insert(id, 3, 'd', { changeId: 'one' });
    const restarted = (await desk.open()).as('ada');
    expect(await restarted.insert(id, 3, 'd', { changeId: 'one' })).toEqual({ ...first, replayed: true });
    expect(await restarted.text(id)).toBe('abcd');
  });

  it('applies once when it comes twice in one group', async () => {
    const id = await shared('abc');
    const results = await Promise.all([
      ada.insert(id, 3, 'd', { changeId: 'one' }),
      ada.insert(id, 3, 'd', { changeId: 'one' }),
      ada.insert(id, 4, 'e', { changeId: 'two' }),
      ada.insert(id, 3, 'd', { changeId: 'one' }),
    ]);
    expect(results.map(({ replayed, revision }) => [replayed, revision])).toEqual([
      [false, 2],
      [true, 2],
      [false, 3],
      [true, 2],
    ]);
    expect(results[3]?.changes).toEqual(results[0]?.changes);
    expect(await ada.text(id)).toBe('abcde');
  });

  it('that applied as nothing applies as nothing again, though by now it could do something', async () => {
    const id = await shared('abc');
    await bob.erase(id, 0, 3);
    const first = await ada.erase(id, 0, 2, { base: 1, changeId: 'gone' });
    expect(first).toEqual({ changes: [], revision: 2, replayed: false });
    await bob.insert(id, 0, 'fresh');
    expect(await ada.erase(id, 0, 2, { changeId: 'gone' })).toEqual({ ...first, replayed: true });
    expect(await ada.text(id)).toBe('fresh');
  });

  it('is CONFLICT with other content, alone and within one group', async () => {
    const id = await shared('abc');
    await ada.insert(id, 3, 'd', { changeId: 'one' });
    await expectRefusal(ada.insert(id, 3, 'D', { changeId: 'one' }), 'CONFLICT', 'changeId');
    await expectRefusal(ada.insert(id, 2, 'd', { changeId: 'one' }), 'CONFLICT', 'changeId');
    const [taken, other] = await Promise.allSettled([
      ada.insert(id, 0, 'x', { changeId: 'two' }),
      ada.insert(id, 0, 'y', { changeId: 'two' }),
    ]);
    expect(taken.status).toBe('fulfilled');
    expect(other).toMatchObject({ status: 'rejected', reason: { code: 'CONFLICT' } });
    expect(await ada.text(id)).toBe('xabcd');
  });

  it('may be sent again after it was refused: a refusal uses up no id', async () => {
    const id = await shared('abc');
    await expectRefusal(ada.insert(id, 9, 'x', { changeId: 'one' }), 'BAD_USER_INPUT');
    expect(await ada.insert(id, 3, 'd', { changeId: 'one' })).toMatchObject({ revision: 2, replayed: false });
  });

  it('is another change for another user', async () => {
    const id = await shared('abc');
    await ada.insert(id, 0, 'A', { changeId: 'one' });
    const ofBob = await bob.insert(id, 0, 'B', { changeId: 'one' });
    expect(ofBob).toMatchObject({ revision: 3, replayed: false });
    expect((await ada.insert(id, 0, 'A', { changeId: 'one' })).revision).toBe(2);
    expect(await ada.text(id)).toBe('BAabc');
  });

  it('[P9] is another change in another document and in another tenant', async () => {
    const id = await shared('abc', 'same-id');
    const stranger = service.as('ada', 'globex');
    await stranger.create('abc', 'same-id');
    const another = await shared('abc');
    const results = [
      await ada.insert(id, 0, 'A', { changeId: 'one' }),
      await stranger.insert(id, 0, 'other', { changeId: 'one' }),
      await ada.insert(another, 0, 'third', { changeId: 'one' }),
    ];
    expect(results.map(({ replayed }) => replayed)).toEqual([false, false, false]);
    expect([await ada.text(id), await stranger.text(id), await ada.text(another)]).toEqual([
      'Aabc',
      'otherabc',
      'thirdabc',
    ]);
  });

  it('[P11] needs an id of 1 to 128 plain characters', async () => {
    const id = await shared('abc');
    for (const bad of ['', 'a b', 'x'.repeat(129), 'a\0', '../x', 'é']) {
      await expectRefusal(ada.insert(id, 0, 'x', { changeId: bad }), 'BAD_USER_INPUT', 'changeId');
      await expectRefusal(ada.insert(id, 0, 'x', { clientId: bad }), 'BAD_USER_INPUT', 'clientId');
    }
    expect((await ada.insert(id, 0, 'x', { changeId: 'x'.repeat(128) })).revision).toBe(2);
  });
});
