import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_REVISIONS_BEHIND, placeChange } from '../../src/documents/change.ts';
import { appendChanges } from '../../src/documents/log.ts';
import { Timeline } from '../../src/documents/timeline.ts';
import { toText } from '../../src/text/splice.ts';
import {
  createDesk,
  type Desk,
  expectRefusal,
  LIMITS,
  LONG_TEXT,
  type Person,
  replay,
  type Service,
  thousandChanges,
} from '../support/documents.ts';

let desk: Desk;
let service: Service;
let ada: Person;

beforeAll(async () => {
  desk = await createDesk();
  service = await desk.open();
  ada = service.as('ada');
});
afterAll(() => desk.close());

/** A document of `thousands` × 1,000 + 2 revisions: creation, an insertion with the changeId `first`, then the rest. */
async function long(thousands: number): Promise<string> {
  const id = await ada.create(LONG_TEXT);
  await ada.insert(id, 2000, 'end', { changeId: 'first' });
  for (let index = 0; index < thousands; index += 1) {
    await ada.apply(id, thousandChanges('bcdefgh'[index] ?? 'z'));
  }
  return id;
}

describe('a change that lies behind', () => {
  it('[P3] by more revisions than are remembered is rebased as any other', async () => {
    const id = await long(4);
    const log = await ada.log(id);
    const at = (revision: number) => replay(log.slice(0, revision));
    // The whole way in memory, as the service would do it had it never forgotten anything.
    const expected = new Timeline(toText(''), 0);
    for (const change of log) expected.advance(change);
    for (const base of [2, 503, 1500, 3001, 4002]) {
      const splice = { position: 1, length: 4, content: `[${base}]` };
      const placed = placeChange(expected, base, [splice], 'changes', LIMITS);
      const result = await ada.replace(id, 1, 4, `[${base}]`, { base });
      expect(result.changes, `base ${base} of ${at(base).length}`).toMatchObject(placed);
      for (const made of placed) expected.advance(made);
    }
    expect(await ada.text(id)).toBe(expected.text.toString());
    expect(await (await desk.open()).as('ada').text(id)).toBe(expected.text.toString());
  });

  it('[P3] is rebased also by an instance that has just started', async () => {
    const id = await long(2);
    const fresh = (await desk.open()).as('ada');
    const result = await fresh.insert(id, 2000, '!', { base: 1 });
    expect(result.changes[0]).toMatchObject({ revision: 2003, position: 2003, content: '!' });
  });

  it('too far needs a resync, disturbs nobody, and is answered all the same when it had been applied', async () => {
    const id = await long(6);
    const { revision } = await ada.row(id);
    expect(revision - 1).toBeGreaterThan(MAX_REVISIONS_BEHIND);
    const [stale, good, again] = await Promise.allSettled([
      ada.insert(id, 0, 'x', { base: 1 }),
      ada.insert(id, 0, 'y', { base: revision - 1 }),
      ada.insert(id, 2000, 'end', { base: 1, changeId: 'first' }),
    ]);
    expect(stale).toMatchObject({ status: 'rejected', reason: { code: 'RESYNC_REQUIRED' } });
    expect(good).toMatchObject({ status: 'fulfilled', value: { revision: revision + 1 } });
    expect(again).toMatchObject({ status: 'fulfilled', value: { revision: 2, replayed: true } });

    const head = revision + 1;
    await expectRefusal(ada.insert(id, 0, 'x', { base: head - MAX_REVISIONS_BEHIND - 1 }), 'RESYNC_REQUIRED');
    expect((await ada.insert(id, 0, 'x', { base: head - MAX_REVISIONS_BEHIND })).revision).toBe(head + 1);
  });

  it('[P11] by more text than may be read for it needs a resync; others go on', async () => {
    const content = 'x'.repeat(40_000);
    const id = await ada.create(content);
    const row = await ada.row(id);
    const key = { tenantId: 'acme', documentId: id };
    // As other instances may have written them.
    const revisions = Array.from({ length: 510 }, (_, index) => index + 2);
    await service.query.transaction().execute(async (transaction) => {
      const made = { position: 0, length: 40_000, content, userId: 'ada', clientId: null, epoch: 0 };
      const changes = revisions.map((revision) => ({ ...made, revision, changeId: `c${revision}` }));
      await appendChanges(
        transaction,
        key,
        changes.map((change) => ({ ...change, documentId: id, timestamp: row.createdAt })),
      );
      await transaction
        .updateTable('documents')
        .set({ revision: 511 })
        .where('document_id', '=', id)
        .execute();
    });
    const fresh = (await desk.open()).as('ada');
    const [stale, good] = await Promise.allSettled([
      fresh.insert(id, 0, 'x', { base: 2 }),
      fresh.insert(id, 0, 'y', { base: 511 }),
    ]);
    expect(stale).toMatchObject({ status: 'rejected', reason: { code: 'RESYNC_REQUIRED' } });
    expect(good).toMatchObject({ status: 'fulfilled', value: { revision: 512 } });
  });
});
