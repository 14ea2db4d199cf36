import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../support/random.ts';
import type { Wire } from '../support/wire.ts';
import { createField, openStage, READER, rewrite, type Stage } from './fan-out-stage.ts';
import type { Change, Guest, Result } from './guest.ts';

const SUBSCRIBERS = 1_000;
const LEAVING = 100;
/** Sockets that connect at a time. */
const AT_ONCE = 50;
const COMMITS = 24;
/** Revisions of a commit, at most. */
const WIDTH = 12;
const SEED = 20_261;
/** Milliseconds that it may take on a busy machine. */
const PATIENCE_MS = 60_000;

const QUERY =
  'subscription ($id: ID!) { documentChanges(documentId: $id, after: 0, echo: true) { revision content } }';
const LEAVE_MS = 'they hold nothing any more';

type WayOut = 'complete' | 'close' | 'reset';
const WAYS_OUT: readonly WayOut[] = ['complete', 'close', 'reset'];

interface Subscriber {
  readonly wire: Wire;
  /** The last revision; each was the one before it and one more. */
  revision: number;
  faults: number;
  /** The revision at which it goes, and how; null: it stays. */
  readonly leaves: { readonly at: number; readonly how: WayOut } | null;
  left: boolean;
  /** What it was asked after its complete is answered: nothing may come any more. */
  fenced: boolean;
}

let stage: Stage;
let ada: Guest;

// In this process, because what the server holds is looked at.
beforeAll(async () => {
  stage = await openStage();
  ada = await stage.enter('ada');
});
afterAll(() => stage.close());

async function openSubscriber(leaves: Subscriber['leaves']): Promise<Subscriber> {
  const leave = (how: WayOut): void => {
    subscriber.left = true;
    const question = { id: 'fence', type: 'subscribe', payload: { query: '{ viewer { tenantId } }' } };
    if (how === 'complete') subscriber.wire.send({ id: 'one', type: 'complete' }, question);
    else subscriber.wire[how]();
  };
  const subscriber: Subscriber = {
    wire: await stage.wire(READER, {
      onMessage({ id, type, payload }) {
        if (id === 'fence') {
          subscriber.fenced = true;
          return;
        }
        const { revision } = (payload as Result).data?.['documentChanges'] as Change;
        if (type !== 'next' || subscriber.fenced || revision !== subscriber.revision + 1)
          subscriber.faults += 1;
        subscriber.revision = revision;
        if (subscriber.leaves?.at === revision) leave(subscriber.leaves.how);
      },
    }),
    revision: 0,
    faults: 0,
    leaves,
    left: false,
    fenced: false,
  };
  return subscriber;
}

it(`[P4] ${SUBSCRIBERS} subscribers of one document, ${LEAVING} of whom leave during events: the rest get each once, in order (seed ${SEED})`, {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  const random = new Random(SEED);
  const counts = Array.from({ length: COMMITS }, () => random.between(1, WIDTH));
  const newest = counts.reduce((sum, count) => sum + count, 1);
  await createField(ada, 'crowd', { width: WIDTH });

  const leavers = new Set<number>();
  while (leavers.size < LEAVING) leavers.add(random.between(0, SUBSCRIBERS - 1));
  const subscribers: Subscriber[] = [];
  for (let from = 0; from < SUBSCRIBERS; from += AT_ONCE) {
    const wishes = Array.from({ length: AT_ONCE }, (_, index) =>
      leavers.has(from + index) ? { at: random.between(2, newest), how: random.pick(WAYS_OUT) } : null,
    );
    subscribers.push(...(await Promise.all(wishes.map(openSubscriber))));
  }
  for (const { wire } of subscribers)
    wire.send({ id: 'one', type: 'subscribe', payload: { query: QUERY, variables: { id: 'crowd' } } });
  const poll = (isTrue: () => boolean, what: string) =>
    expect.poll(isTrue, { timeout: PATIENCE_MS, message: what }).toBe(true);
  await poll(() => subscribers.every(({ revision }) => revision >= 1), 'all have begun');
  expect(stage.counts()).toMatchObject({ feeds: 1, groups: 1, audiences: 1, subscribers: SUBSCRIBERS });

  const writing = counts.map((count) => rewrite(ada, 'crowd', { count, content: 'x' }));
  expect(Math.max(...(await Promise.all(writing)))).toBe(newest);
  const staying = subscribers.filter(({ leaves }) => !leaves);
  await poll(() => staying.every(({ revision }) => revision === newest), 'who stays has everything');
  await poll(() => stage.counts().subscribers === SUBSCRIBERS - LEAVING, LEAVE_MS);
  await poll(
    () => subscribers.every(({ leaves, fenced, wire }) => !leaves || fenced || wire.gone),
    'all who leave have gone',
  );
  expect(subscribers.filter(({ faults }) => faults > 0)).toEqual([]);
  for (const { leaves, left, revision } of subscribers) {
    expect(left).toBe(leaves !== null);
    if (leaves) expect(revision).toBeGreaterThanOrEqual(leaves.at);
  }
  const completed = subscribers.filter(({ leaves }) => leaves?.how === 'complete').length;
  const sockets = SUBSCRIBERS - LEAVING + completed + 1;
  expect(stage.counts()).toMatchObject({ sockets, feeds: 1, groups: 1, audiences: 1 });
  await stage.leaveAll();
});
