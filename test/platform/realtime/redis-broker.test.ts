import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/platform/clock.ts';
import { type Broker, PING_LIMIT_MS } from '../../../src/platform/realtime/broker.ts';
import { MAX_MESSAGE_BYTES } from '../../../src/platform/realtime/message.ts';
import { CONFIRM_MS, createRedisBroker } from '../../../src/platform/realtime/redis-broker.ts';
import { PING_MS } from '../../../src/platform/realtime/redis-link.ts';
import { defineTopic } from '../../../src/platform/realtime/topic.ts';
import { brokerContract, recorder, until } from '../../contracts/broker.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { redisAvailable, redisRestartable, startRedis, type TestRedis } from '../../support/redis.ts';

const log = pino({ level: 'silent' });
const changed = defineTopic<{ readonly n: number }>('thing.changed');
const doc = { tenantId: 'acme', key: 'doc' };
let prefixes = 0;
const freshPrefix = (): string => `quire-test-${process.pid}-${(prefixes += 1)}`;

describe.skipIf(!redisAvailable)('with a Redis (redis-server on PATH, or REDIS_URL)', () => {
  let redis: TestRedis;
  let prefix: string;
  let closers: (() => Promise<void> | void)[] = [];

  const open = async (clock?: Clock): Promise<Broker> => {
    const broker = await createRedisBroker({ url: redis.url, prefix, log, ...(clock && { clock }) });
    closers.push(() => broker.close());
    return broker;
  };
  const client = (): Redis => {
    const raw = new Redis(redis.url);
    closers.push(() => raw.disconnect());
    return raw;
  };

  beforeAll(async () => {
    redis = await startRedis();
    prefix = freshPrefix();
  });
  afterEach(async () => {
    for (const close of closers) await close();
    closers = [];
    prefix = freshPrefix();
  });
  afterAll(() => redis.stop());

  brokerContract('Redis, two instances', async () => {
    const own = freshPrefix();
    const [sender, receiver] = await Promise.all(
      [1, 2].map(() => createRedisBroker({ url: redis.url, prefix: own, log })),
    );
    if (!sender || !receiver) throw new Error('unreachable');
    return {
      sender,
      receiver,
      close: async () => void (await Promise.all([sender.close(), receiver.close()])),
    };
  });

  it('subscribes once a channel, and unsubscribes with the last listener', async () => {
    const [broker, raw] = [await open(), client()];
    const subscriptions = async (): Promise<number> => {
      const names = (await raw.pubsub('CHANNELS', `${prefix}:*doc*`)) as string[];
      const counts = (await raw.pubsub('NUMSUB', ...names)) as (string | number)[];
      return counts.reduce<number>((sum, count) => (typeof count === 'number' ? sum + count : sum), 0);
    };
    const listenings = [1, 2, 3].map(() => broker.listen(changed, doc, recorder()));
    for (const listening of listenings) expect(await listening.ready).toBe('live');
    expect(await subscriptions()).toBe(1);
    listenings[0]?.close();
    listenings[1]?.close();
    expect(await subscriptions()).toBe(1);
    listenings[2]?.close();
    await expect.poll(subscriptions).toBe(0);
  });

  it('keeps deployments with other prefixes apart', async () => {
    const first = await open();
    const outside = recorder<{ n: number }>();
    await first.listen(changed, doc, outside).ready;
    prefix = freshPrefix();
    const [second, third] = [await open(), await open()];
    const inside = recorder<{ n: number }>();
    await third.listen(changed, doc, inside).ready;
    second.publish(changed, doc, { n: 1 });
    await until(() => inside.events.length === 1);
    expect(outside.events).toEqual([]);
  });

  it('[P11] counts malformed messages and goes on', async () => {
    const [sender, receiver, raw] = [await open(), await open(), client()];
    const heard = recorder<{ n: number }>();
    await receiver.listen(changed, doc, heard).ready;
    const [channel] = (await raw.pubsub('CHANNELS', `${prefix}:*doc*`)) as string[];
    const id = '00000000-0000-4000-8000-000000000000';
    for (const message of ['', '{', 'null', id, `${id}{"n":`, `${id.slice(1)}{"n":1}`])
      await raw.publish(channel ?? '', message);
    sender.publish(changed, doc, { n: 1 });
    await until(() => heard.events.length === 1);
    expect(heard.events).toEqual([{ n: 1 }]);
    expect(receiver.stats()).toMatchObject({ malformed: 6, received: 1 });
  });

  it('sends a reference in place of a payload over 32 KB, and counts what has none', async () => {
    const [sender, receiver] = [await open(), await open()];
    const large = defineTopic<{ n: number; text?: string }>('large', { reference: ({ n }) => ({ n }) });
    const stubborn = defineTopic<{ text: string }>('stubborn', { reference: (payload) => payload });
    const bare = defineTopic<{ text: string }>('bare');
    const heard = recorder<{ n: number; text?: string }>();
    const nothing = recorder<{ text: string }>();
    const overhead = JSON.stringify({ n: 1, text: '' }).length;
    await receiver.listen(large, doc, heard).ready;
    await receiver.listen(bare, doc, nothing).ready;
    await receiver.listen(stubborn, doc, nothing).ready;

    const fits = { n: 1, text: 'x'.repeat(MAX_MESSAGE_BYTES - overhead) };
    sender.publish(large, doc, fits);
    sender.publish(large, doc, { n: 2, text: 'x'.repeat(MAX_MESSAGE_BYTES - overhead + 1) });
    sender.publish(large, doc, { n: 3, text: 'é'.repeat(MAX_MESSAGE_BYTES / 2) });
    sender.publish(bare, doc, { text: 'x'.repeat(MAX_MESSAGE_BYTES) });
    sender.publish(stubborn, doc, { text: 'x'.repeat(MAX_MESSAGE_BYTES) });
    sender.publish(large, doc, { n: 4 });
    await until(() => heard.events.length === 4);
    expect(heard.events).toEqual([fits, { n: 2 }, { n: 3 }, { n: 4 }]);
    expect(nothing.events).toEqual([]);
    expect(sender.stats().failedPublishes).toBe(2);
  });

  it('[P11] counts what JSON cannot hold and does not throw', async () => {
    const sender = await open();
    const odd = defineTopic<unknown>('odd');
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    for (const payload of [cycle, 1n, undefined, () => 1]) sender.publish(odd, doc, payload);
    expect(sender.stats()).toMatchObject({ published: 4, failedPublishes: 4 });
  });

  it('sends what was published right before it closes', async () => {
    const [sender, receiver] = [await open(), await open()];
    const heard = recorder<{ n: number }>();
    await receiver.listen(changed, doc, heard).ready;
    for (let n = 1; n <= 50; n += 1) sender.publish(changed, doc, { n });
    await sender.close();
    await until(() => heard.events.length === 50);
  });

  it('[P4] hears again by itself when its connection was cut', async () => {
    const [sender, receiver, raw] = [await open(), await open(), client()];
    const heard = recorder<{ n: number }>();
    await receiver.listen(changed, doc, heard).ready;
    for (let round = 1; round <= 3; round += 1) {
      await raw.client('KILL', 'TYPE', 'pubsub');
      await until(() => heard.news.length === 2 * round);
      sender.publish(changed, doc, { n: round });
      await until(() => heard.events.length === round);
    }
    expect(heard.news).toEqual(['interrupted', 'live', 'interrupted', 'live', 'interrupted', 'live']);
    expect(heard.events).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('[P4] an instance that could not send has the others read their sources', async () => {
    const [sender, receiver, raw] = [await open(), await open(), client()];
    const heard = recorder<{ n: number }>();
    await receiver.listen(changed, doc, heard).ready;
    await raw.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await until(() => !sender.stats().connected);
    sender.publish(changed, doc, { n: 1 });
    await until(() => sender.stats().failedPublishes > 0 && heard.news.length === 2);
    expect(heard.news).toEqual(['interrupted', 'live']);
    expect(heard.events).toEqual([]);
  });

  it('[P4] a refused subscription is interrupted, and comes live when it is allowed', async () => {
    const raw = client();
    const user = `limited${process.pid}`;
    await raw.acl('SETUSER', user, 'on', '>secret', '+@all', '~*', 'resetchannels');
    closers.push(() => void raw.acl('DELUSER', user).catch(() => {}));
    const clock = createManualClock();
    const url = redis.url.replace('redis://', `redis://${user}:secret@`);
    const broker = await createRedisBroker({ url, prefix, log, clock });
    closers.unshift(() => broker.close());
    const heard = recorder<{ n: number }>();
    expect(await broker.listen(changed, doc, heard).ready).toBe('interrupted');
    await raw.acl('SETUSER', user, 'allchannels');
    clock.advance(PING_MS);
    await until(() => heard.news.length === 1);
    expect(heard.news).toEqual(['live']);
  });

  describe.skipIf(!redisRestartable)('that is killed, frozen and started again', () => {
    afterEach(async () => {
      redis.thaw();
      await redis.restart();
    });

    it('[P4] tells every listener of the loss and of the return, and delivers afterwards', async () => {
      const [sender, receiver] = [await open(), await open()];
      const listeners = Array.from({ length: 1200 }, () => recorder<{ n: number }>());
      const listenings = listeners.map((listener, n) =>
        receiver.listen(changed, { tenantId: 'acme', key: `doc-${n % 1100}` }, listener),
      );
      for (const { ready } of listenings) expect(await ready).toBe('live');

      await redis.kill();
      await until(() => listeners.every(({ news }) => news.length === 1));
      expect(await receiver.listen(changed, doc, recorder()).ready).toBe('interrupted');
      const local = recorder<{ n: number }>();
      expect(await sender.listen(changed, doc, local).ready).toBe('interrupted');
      sender.publish(changed, doc, { n: 1 });
      expect(local.events).toEqual([{ n: 1 }]);
      await until(() => sender.stats().failedPublishes === 1 && !sender.stats().connected);

      await redis.restart();
      await until(() => listeners.every(({ news }) => news.at(-1) === 'live'));
      await until(() => sender.stats().connected);
      for (let n = 0; n < 1100; n += 1) sender.publish(changed, { tenantId: 'acme', key: `doc-${n}` }, { n });
      await until(() => listeners.every(({ events }) => events.length === 1));
      expect(listeners.map(({ events }) => events[0]?.n)).toEqual(listeners.map((_, n) => n % 1100));
    });

    it('starts while Redis is away and comes live when it is there', async () => {
      await redis.kill();
      const broker = await open();
      const heard = recorder<{ n: number }>();
      expect(await broker.listen(changed, doc, heard).ready).toBe('interrupted');
      expect(broker.stats().connected).toBe(false);
      await redis.restart();
      await until(() => heard.news.includes('live'));
    });

    it('[P4] notices a connection that is open and silent', async () => {
      const clock = createManualClock();
      const broker = await open(clock);
      const heard = recorder<{ n: number }>();
      expect(await broker.listen(changed, doc, heard).ready).toBe('live');
      redis.freeze();
      clock.advance(PING_MS); // asks
      expect(heard.news).toEqual([]);
      clock.advance(PING_MS); // no answer
      expect(heard.news).toEqual(['interrupted']);
      broker.publish(changed, doc, { n: 1 });
      expect(broker.stats()).toMatchObject({ failedPublishes: 1, connected: false });
      redis.thaw();
      await until(() => heard.news.at(-1) === 'live');
    });

    it('leaves nobody waiting for the answer of a silent Redis', async () => {
      const clock = createManualClock();
      const broker = await open(clock);
      redis.freeze();
      const heard = recorder<{ n: number }>();
      const listening = broker.listen(changed, doc, heard);
      clock.advance(CONFIRM_MS);
      expect(await listening.ready).toBe('interrupted');
      redis.thaw();
      await until(() => heard.news.at(-1) === 'live');
    });

    it('answers no ping while Redis is away, nor in time while it is silent, and does again', async () => {
      const clock = createManualClock();
      const broker = await open(clock);
      await broker.ping();
      const before = clock.pending;
      redis.freeze();
      const unanswered = broker.ping();
      clock.advance(PING_LIMIT_MS);
      await expect(unanswered).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: 'Redis does not answer.',
      });
      redis.thaw();
      await broker.ping();
      await redis.kill();
      await until(() => !broker.stats().connected);
      await expect(broker.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'Redis is away.' });
      await redis.restart();
      await until(() => broker.stats().connected);
      await broker.ping();
      expect(clock.pending).toBe(before);
    });

    it('[P6] does not pile up messages for a silent Redis', async () => {
      const broker = await open(createManualClock());
      redis.freeze();
      const text = 'x'.repeat(30_000);
      for (let n = 0; n < 1000; n += 1) broker.publish(defineTopic<string>('bulk'), doc, text);
      expect(broker.stats().failedPublishes).toBeGreaterThan(300);
      expect(broker.stats().failedPublishes).toBeLessThan(600);
    });

    it('closes while Redis is away, while it is silent, and leaves no timer', async () => {
      const clock = createManualClock();
      const [away, silent] = [await open(clock), await open(clock)];
      away.listen(changed, doc, recorder());
      redis.freeze();
      silent.listen(changed, doc, recorder());
      await silent.close();
      await redis.kill();
      await until(() => !away.stats().connected);
      away.publish(changed, doc, { n: 1 });
      await away.close();
      expect(clock.pending).toBe(0);
    });
  });
});
