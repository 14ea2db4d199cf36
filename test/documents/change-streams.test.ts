import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentChange } from '../../src/documents/change.ts';
import type { ChangeStreamInput } from '../../src/documents/change-streams.ts';
import { SAFETY_POLL_MS } from '../../src/platform/realtime/log-stream.ts';
import { eventsOf } from '../../src/platform/realtime/source.ts';
import {
  begin,
  createDesk,
  type Desk,
  expectContiguous,
  expectRefusal,
  LONG_TEXT,
  type Person,
  type Service,
  thousandChanges,
  untilRest,
} from '../support/documents.ts';
import { Random } from '../support/random.ts';

let desk: Desk;
let service: Service;
let ada: Person;
let bob: Person;
let open: AsyncIterableIterator<DocumentChange>[] = [];

beforeAll(async () => {
  desk = await createDesk();
  service = await desk.open();
  ada = service.as('ada');
  bob = service.as('bob');
});
afterEach(async () => {
  for (const stream of open) await stream.return?.();
  open = [];
  expect(service.broker.stats().listeners, 'nobody listens any more').toBe(0);
  expect(service.clock.pending, 'no timer is left').toBe(0);
});
afterAll(() => desk.close());

async function shared(content = ''): Promise<string> {
  const id = await ada.create(content);
  await service.documents.collaborators.add(ada.viewer, id, 'bob', 'EDITOR');
  return id;
}

async function subscribe(
  person: Person,
  documentId: string,
  input: Partial<ChangeStreamInput> = {},
  through: Service = service,
) {
  const options = { documentId, echo: true, clientId: null, ...input };
  const stream = eventsOf(await through.documents.streams.changes(person.viewer, options));
  open.push(stream);
  return stream;
}

/** The next changes of a stream. */
async function take(stream: AsyncIterableIterator<DocumentChange>, count: number): Promise<DocumentChange[]> {
  const taken: DocumentChange[] = [];
  while (taken.length < count) {
    const result = await stream.next();
    if (result.done) throw new Error(`The stream ended after ${taken.length} of ${count} changes.`);
    taken.push(result.value);
  }
  return taken;
}

const revisions = async (stream: AsyncIterableIterator<DocumentChange>, count: number) =>
  (await take(stream, count)).map(({ revision }) => revision);

describe('[P4] a stream of changes', () => {
  it('begins behind a revision: 0 replays all, nothing said means from now on', async () => {
    const id = await shared('a');
    await ada.insert(id, 1, 'b');
    await ada.insert(id, 2, 'c');
    const [all, rest, live] = await Promise.all([
      subscribe(bob, id, { after: 0 }),
      subscribe(bob, id, { after: 2 }),
      subscribe(bob, id),
    ]);
    const pending = begin(live);
    await untilRest(service);
    await ada.insert(id, 3, 'd');
    expect(await revisions(all, 4)).toEqual([1, 2, 3, 4]);
    expect(await revisions(rest, 2)).toEqual([3, 4]);
    expect((await pending).value).toMatchObject({ revision: 4, content: 'd', userId: 'ada' });
  });

  it('gives what the log holds, all fields alike, replayed or live', async () => {
    const id = await shared('abc');
    const live = await subscribe(bob, id);
    const pending = begin(live);
    await untilRest(service);
    await ada.replace(id, 0, 1, '🎈', { clientId: 'tab', changeId: 'one' });
    const [replayed] = await take(await subscribe(bob, id, { after: 1 }), 1);
    expect((await pending).value).toEqual(replayed);
    expect([replayed]).toEqual((await ada.log(id)).slice(1));
  });

  it('starts where it was opened, though it is read from later', async () => {
    const id = await shared('');
    const stream = await subscribe(bob, id);
    await ada.insert(id, 0, 'a');
    await ada.insert(id, 0, 'b');
    expect(await revisions(stream, 2)).toEqual([1, 2]);
  });

  it('goes on from the replay to what is live without a gap, while many write', async () => {
    const id = await shared('');
    for (let index = 0; index < 40; index += 1) await ada.insert(id, 0, `${index}`);
    const COUNT = 640;
    const writing = (async () => {
      for (let round = 0; round < 60; round += 1) {
        await Promise.all(Array.from({ length: 10 }, () => (round % 2 ? ada : bob).insert(id, 0, 'x')));
      }
    })();
    const streams = await Promise.all([0, 1, 17, 40].map((after) => subscribe(bob, id, { after })));
    for (const [index, stream] of streams.entries()) {
      const after = [0, 1, 17, 40][index] ?? 0;
      const expected = Array.from({ length: COUNT - after }, (_, step) => after + step + 1);
      expect(await revisions(stream, COUNT - after)).toEqual(expected);
    }
    await writing;
  });

  it('is resumed where it broke off, again and again, and gives each change once', async () => {
    const id = await shared('');
    const random = new Random(7);
    const seen: DocumentChange[] = [];
    const writing = (async () => {
      for (let index = 0; index < 150; index += 1) await ada.insert(id, 0, `${index}`);
    })();
    while (seen.length < 150) {
      const stream = await subscribe(bob, id, { after: seen.length });
      seen.push(...(await take(stream, Math.min(random.between(1, 12), 150 - seen.length))));
      await stream.return?.();
    }
    await writing;
    expectContiguous(seen);
    expect(seen).toEqual(await ada.log(id));
  });

  it('fills from the log what another instance has appended and nobody announced here', async () => {
    const id = await shared('');
    const stream = await subscribe(bob, id);
    const pending = begin(stream);
    await untilRest(service);
    const other = (await desk.open()).as('ada');
    await other.insert(id, 0, 'a');
    await other.insert(id, 0, 'b');
    await ada.insert(id, 0, 'c');
    expect((await pending).value).toMatchObject({ revision: 1 });
    expect(await revisions(stream, 2)).toEqual([2, 3]);
    const last = begin(stream);
    await untilRest(service);
    await other.insert(id, 0, 'd');
    service.clock.advance(SAFETY_POLL_MS);
    expect((await last).value).toMatchObject({ revision: 4 });
  });

  it('[P6] goes through thousands of revisions for one that comes late', async () => {
    const id = await shared(LONG_TEXT);
    for (const letter of 'bcd') await ada.apply(id, thousandChanges(letter));
    const stream = await subscribe(bob, id, { after: 0 });
    expectContiguous(await take(stream, 3001));
  });
});

describe('whose changes come', () => {
  /** Contents that arrive at bob's stream when these changes are made. */
  async function arriving(input: Partial<ChangeStreamInput>): Promise<string[]> {
    const id = await shared('');
    const stream = await subscribe(bob, id, { after: 0, ...input });
    await bob.insert(id, 0, 'own-this', { clientId: 'this' });
    await bob.insert(id, 0, 'own-other', { clientId: 'other' });
    await bob.insert(id, 0, 'own-none');
    await ada.insert(id, 0, 'ada-this', { clientId: 'this' });
    await ada.insert(id, 0, 'last');
    const contents: string[] = [];
    while (contents.at(-1) !== 'last') contents.push((await take(stream, 1))[0]?.content ?? '');
    return contents;
  }

  it('all of them with echo', async () => {
    const all = ['own-this', 'own-other', 'own-none', 'ada-this', 'last'];
    expect(await arriving({ echo: true, clientId: 'this' })).toEqual(all);
    expect(await arriving({ echo: true })).toEqual(all);
  });

  it('without echo not those of the same client; the same client id of another user is another client', async () => {
    const others = ['own-other', 'own-none', 'ada-this', 'last'];
    expect(await arriving({ echo: false, clientId: 'this' })).toEqual(others);
  });

  it('without echo and without a client id not those of the same user', async () => {
    expect(await arriving({ echo: false })).toEqual(['ada-this', 'last']);
  });
});

describe('who may subscribe', () => {
  it('[P11] whoever may read, after a revision that is there', async () => {
    const id = await shared('abc');
    for (const after of [-1, 2, 2 ** 31 - 1]) {
      await expectRefusal(subscribe(bob, id, { after }), 'BAD_USER_INPUT', 'after');
    }
    await expectRefusal(subscribe(service.as('eve'), id), 'NOT_FOUND');
    await expectRefusal(subscribe(bob, 'nothing-here'), 'NOT_FOUND');
    await service.documents.collaborators.add(ada.viewer, id, 'vic', 'VIEWER');
    expect(await revisions(await subscribe(service.as('vic'), id, { after: 0 }), 1)).toEqual([1]);
  });
});

describe('ending', () => {
  it('by the reader lets go of a wait, of the listeners and of the timers', async () => {
    const id = await shared('');
    for (const echo of [true, false]) {
      const stream = await subscribe(bob, id, { echo });
      const pending = begin(stream);
      await untilRest(service);
      expect(service.broker.stats().listeners).toBe(2);
      await stream.return?.();
      expect(await pending).toEqual({ done: true, value: undefined });
      expect(service.broker.stats().listeners).toBe(0);
      await stream.return?.();
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    }
  });

  it('before the first wait leaves nothing either', async () => {
    const stream = await subscribe(bob, await shared(''));
    await stream.return?.();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('with an error when the document is deleted', async () => {
    const id = await shared('');
    const pending = begin(await subscribe(bob, id));
    await untilRest(service);
    await service.documents.delete(ada.viewer, id);
    await expectRefusal(pending, 'NOT_FOUND');
  });
});
