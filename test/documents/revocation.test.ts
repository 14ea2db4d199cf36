import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DocumentChange } from '../../src/documents/change.ts';
import { SAFETY_POLL_MS } from '../../src/platform/realtime/log-stream.ts';
import { createRedisBroker } from '../../src/platform/realtime/redis-broker.ts';
import { eventsOf } from '../../src/platform/realtime/source.ts';
import {
  begin,
  createDesk,
  type Desk,
  expectRefusal,
  type Person,
  type Service,
  turns,
  untilRest,
} from '../support/documents.ts';
import { Random } from '../support/random.ts';
import { redisRestartable, startRedis } from '../support/redis.ts';

let desk: Desk;
let service: Service;
let ada: Person;

beforeEach(async () => {
  desk = await createDesk();
  service = await desk.open();
  ada = service.as('ada');
});
afterEach(() => desk.close());

const READER = 'rita';

/** A document of ada's that bob may edit and rita may read. */
async function shared(): Promise<string> {
  const id = await ada.create('abc');
  await service.documents.collaborators.add(ada.viewer, id, 'bob', 'EDITOR');
  await service.documents.collaborators.add(ada.viewer, id, READER, 'VIEWER');
  return id;
}

const subscribe = async (documentId: string, through: Service = service, after?: number) =>
  eventsOf(
    await through.documents.streams.changes(through.as(READER).viewer, {
      documentId,
      echo: true,
      clientId: null,
      after,
    }),
  );

const revoke = (id: string, through: Service = service) =>
  through.documents.collaborators.remove(through.as('ada').viewer, id, READER);

const epochOf = async (id: string) => (await ada.row(id)).epoch;

/** Reads a stream to its end: what came, and the error that ended it. */
async function readAll(stream: AsyncIterableIterator<DocumentChange>) {
  const delivered: DocumentChange[] = [];
  try {
    for (;;) {
      const result = await stream.next();
      if (result.done) return { delivered, error: null };
      delivered.push(result.value);
    }
  } catch (error) {
    return { delivered, error };
  }
}

describe('[P7] a reader whose access is revoked', () => {
  it('is let go with FORBIDDEN, at once: no timer is needed', async () => {
    const id = await shared();
    const stream = await subscribe(id);
    const pending = begin(stream);
    await untilRest(service);
    await revoke(id);
    await expectRefusal(pending, 'FORBIDDEN');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect([service.broker.stats().listeners, service.clock.pending]).toEqual([0, 0]);
    await expectRefusal(subscribe(id), 'NOT_FOUND');
  });

  it('between subscribing and the first wait is let go, too', async () => {
    const id = await shared();
    const stream = await subscribe(id);
    await revoke(id);
    await expectRefusal(stream.next(), 'FORBIDDEN');
    const deleted = await subscribe(await shared());
    const other = await shared();
    const gone = await subscribe(other);
    await service.documents.delete(ada.viewer, other);
    await expectRefusal(gone.next(), 'NOT_FOUND');
    await deleted.return?.();
  });

  it('gets nothing that was committed later, over 50 seeds of writers who race the revocation', async () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = new Random(seed);
      const id = await shared();
      const bob = service.as('bob');
      const reading = readAll(await subscribe(id, service, 0));
      const writers = [ada, bob].map(async (writer) => {
        for (let index = 0; index < 12; index += 1) {
          await Promise.all(Array.from({ length: random.between(1, 4) }, () => writer.insert(id, 0, 'x')));
          if (random.chance(0.3)) await turns(1);
        }
      });
      await turns(random.between(0, 40));
      await revoke(id);
      await Promise.all(writers);
      await ada.insert(id, 0, 'after it all');
      const { delivered, error } = await reading;
      const epoch = await epochOf(id);
      expect(error, `seed ${seed}`).toMatchObject({ code: 'FORBIDDEN' });
      expect(
        delivered.filter((change) => change.epoch >= epoch),
        `seed ${seed}`,
      ).toEqual([]);
      expect(delivered, `seed ${seed}`).toEqual((await ada.log(id)).slice(0, delivered.length));
    }
    expect(service.broker.stats().listeners).toBe(0);
  });

  it('gets nothing that was committed later, though nobody announced the revocation here', async () => {
    const id = await shared();
    const pending = begin(await subscribe(id));
    await untilRest(service);
    await revoke(id, await desk.open());
    await ada.insert(id, 0, 'secret');
    await expectRefusal(pending, 'FORBIDDEN');
  });

  it('gets nothing from the log either, when it is behind', async () => {
    const id = await shared();
    const stream = await subscribe(id, service, 0);
    expect((await stream.next()).value).toMatchObject({ revision: 1 });
    await revoke(id, await desk.open());
    for (let index = 0; index < 5; index += 1) await ada.insert(id, 0, 'secret');
    await expectRefusal(stream.next(), 'FORBIDDEN');
  });

  it('is let go at the next poll when nothing at all was heard of it', async () => {
    const id = await shared();
    const pending = begin(await subscribe(id));
    await untilRest(service);
    await revoke(id, await desk.open());
    service.clock.advance(SAFETY_POLL_MS);
    await expectRefusal(pending, 'FORBIDDEN');
  });

  it('and let in again goes on; what came in between is history that may be read now', async () => {
    const id = await shared();
    const stream = await subscribe(id);
    const pending = begin(stream);
    await untilRest(service);
    const other = await desk.open();
    await revoke(id, other);
    await other.as('ada').insert(id, 0, 'in between');
    await other.documents.collaborators.add(ada.viewer, id, READER, 'VIEWER');
    await ada.insert(id, 0, 'now');
    expect((await pending).value).toMatchObject({ content: 'in between' });
    expect((await stream.next()).value).toMatchObject({ content: 'now' });
    await stream.return?.();
  });

  it('disturbs none of the others: role changes, other people, another title', async () => {
    const id = await shared();
    const stream = await subscribe(id);
    const pending = begin(stream);
    await untilRest(service);
    const { collaborators } = service.documents;
    await collaborators.changeRole(ada.viewer, id, READER, 'EDITOR');
    await collaborators.remove(ada.viewer, id, 'bob');
    await service.documents.update(ada.viewer, id, { title: 'Other' });
    await ada.insert(id, 0, 'still here');
    expect((await pending).value).toMatchObject({ content: 'still here' });
    await stream.return?.();
  });
});

describe.skipIf(!redisRestartable)('[P7] a reader whose access is revoked while Redis is away', () => {
  it('is let go as soon as Redis is back', async () => {
    const redis = await startRedis();
    try {
      const options = {
        url: redis.url,
        prefix: `quire-revocation-${process.pid}`,
        log: pino({ level: 'silent' }),
      };
      const broker = await createRedisBroker(options);
      const instance = await desk.open({ broker });
      const id = await shared();
      const stream = await subscribe(id, instance);
      const pending = begin(stream);
      await untilRest(instance);
      await redis.kill();
      await expect.poll(() => broker.stats().connected, { timeout: 10_000 }).toBe(false);
      await revoke(id);
      await redis.restart();
      // The clock of the instance stands still: no poll helps.
      await expectRefusal(pending, 'FORBIDDEN');
    } finally {
      await redis.stop();
    }
  });
});
