import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SAFETY_POLL_MS } from '../../src/platform/realtime/log-stream.ts';
import { until } from '../support/raw-socket.ts';
import { CHANGES, changeOf, codeOf, createDocument, type Guest, insert, must, revisions } from './guest.ts';
import { type InProcess, openInProcess } from './in-process.ts';

const REMOVE =
  'mutation ($id: ID!, $user: ID!) { removeCollaborator(documentId: $id, userId: $user) { id } }';

/**
 * Changes of so many characters are more than the buffers between two sockets hold by the time that the first page of
 * the log has been sent: the second one, which holds the end of the log, is read when the reader reads on.
 */
const PAST = 200;
const CHARS = 60_000;
/** Less than the 12 s between two pings, so that each is answered before the next. */
const STEP_MS = 11_000;

let here: InProcess;
/** On the same database, without Redis: it hears of nothing that happens through the other. */
let there: InProcess;
let ada: Guest;

beforeAll(async () => {
  here = await openInProcess({ LIMIT_DOCUMENT_CHARS: String(2 * PAST * CHARS) });
  there = await openInProcess({ DATA_DIR: here.dataDir, LIMIT_UNSENT_BYTES: '1024' });
  ada = await here.enter('ada');
});
afterEach(() => there.leaveAll());
afterAll(async () => {
  await there.close();
  await here.close();
});

const viewerOf = (guest: Guest) => must(guest.ask('{ viewer { tenantId } }'));

describe('[P7] an instance that has heard nothing of a removal', () => {
  it('gives one who reads the past nothing that was committed after it', async () => {
    await createDocument(ada, 'past', { content: 'first', editors: ['rita', 'otto'] });
    const content = '.'.repeat(CHARS);
    for (let count = 1; count < PAST; count += 1) await insert(ada, 'past', content);
    const [rita, otto] = [await there.enter('rita'), await there.enter('otto')];
    const [ritas, ottos] = [rita, otto].map((guest) => guest.subscribe(CHANGES, { id: 'past', after: 0 }));
    await ritas?.next();
    rita.socket.ws.pause();
    await ottos?.find((result) => changeOf(result)?.revision === PAST);
    await must(ada.ask(REMOVE, { id: 'past', user: 'rita' }));
    for (let count = 0; count < 5; count += 1) await insert(ada, 'past', 'secret');
    rita.socket.ws.resume();

    const results = (await ritas?.ended()) ?? [];
    expect(codeOf(results.at(-1) ?? {})).toBe('FORBIDDEN');
    const changes = results.slice(0, -1).map(changeOf);
    expect(changes.map((change) => change?.revision)).toEqual(revisions(1, changes.length));
    expect(changes.length).toBeLessThanOrEqual(PAST);
    expect(JSON.stringify(changes)).not.toContain('secret');
  });

  it('finds it out by its next look at the log, before it gives anything to those who are live', async () => {
    await createDocument(ada, 'live', { content: 'first', editors: ['rita', 'otto'] });
    const guests = [await there.enter('rita'), await there.enter('otto')];
    const [ritas, ottos] = guests.map((guest) => guest.subscribe(CHANGES, { id: 'live', after: 0 }));
    await Promise.all([ritas?.next(), ottos?.next()]);
    await must(ada.ask(REMOVE, { id: 'live', user: 'rita' }));
    await insert(ada, 'live', 'secret');
    for (let passed = 0; passed < SAFETY_POLL_MS; passed += STEP_MS) {
      there.clock.advance(STEP_MS);
      // A ping that came before the first answer was answered before the second.
      for (let count = 0; count < 2; count += 1) await Promise.all(guests.map(viewerOf));
    }
    await ottos?.find((result) => changeOf(result)?.content === 'secret');
    await until(() => ritas?.results.length === 2, 'the end of it');
    expect((await ritas?.ended())?.map(codeOf)).toEqual([undefined, 'FORBIDDEN']);
    expect(there.counts()).toMatchObject({ feeds: 1, groups: 1, subscribers: 1 });
  });
});
