import { randomUUID } from 'node:crypto';
import { createRedisEventTarget } from '@graphql-yoga/redis-event-target';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type Clock, inTime, systemClock } from '../clock.ts';
import { QuireError } from '../errors.ts';
import { type Broker, PING_LIMIT_MS } from './broker.ts';
import { type Channel, channelName, createChannels } from './channels.ts';
import { decodeMessage, encodePayload, type Message } from './message.ts';
import { createRedisLink } from './redis-link.ts';

/** Messages that are written and not yet answered, in characters; past it, publishing fails. */
const MAX_UNANSWERED_CHARS = 16 * 1024 * 1024;
/** How long a listener may be left without an answer of the upstream; past it, it is told `interrupted`. */
export const CONFIRM_MS = 1000;
/** How long starting waits for Redis. */
const START_MS = 2000;
/** Channels named in one SUBSCRIBE after a reconnect. */
const SUBSCRIBE_BATCH = 500;

export interface RedisBrokerOptions {
  readonly url: string;
  /** What the names of the channels begin with: those who share it on one Redis hear each other. */
  readonly prefix: string;
  readonly log: Logger;
  readonly clock?: Clock;
}

/**
 * A broker over Redis. It resolves when Redis is connected, or known to be away; it never rejects and comes live
 * by itself. Local listeners hear local announcements whether Redis is there or not.
 */
export const createRedisBroker = async (options: RedisBrokerOptions): Promise<Broker> => {
  const { url, prefix, log, clock = systemClock } = options;
  const instanceId = randomUUID();
  let published = 0;
  let received = 0;
  let failedPublishes = 0;
  let malformed = 0;
  let unansweredChars = 0;
  let closed = false;
  /** Announcements of this instance were lost, and the others have not been told. */
  let owesNotice = false;
  const lossName = `${prefix}:lost`;
  const cancelConfirms = new Map<Channel, () => void>();

  const settle = (channel: Channel, hearing: 'live' | 'interrupted'): void => {
    cancelConfirms.get(channel)?.();
    cancelConfirms.delete(channel);
    channels.tell(channel, hearing);
  };

  const subscribe = (asked: readonly Channel[]): void => {
    for (let start = 0; start < asked.length && subscriber.up; start += SUBSCRIBE_BATCH) {
      const batch = asked.slice(start, start + SUBSCRIBE_BATCH);
      subscriber.client.subscribe(...batch.map(({ name }) => name)).then(
        () => {
          // An answer of a connection that was given up in the meantime proves nothing.
          if (subscriber.up) for (const channel of batch) settle(channel, 'live');
        },
        (error: unknown) => {
          if (subscriber.up) log.warn({ err: error }, 'Redis refused a subscription');
          for (const channel of batch) settle(channel, 'interrupted');
        },
      );
    }
  };

  const failed = (): void => {
    failedPublishes += 1;
    owesNotice = true;
  };

  // The others hear well and know nothing of what this instance could not send: told so, they read their sources.
  const giveNotice = (): void => {
    if (!owesNotice) return;
    owesNotice = false;
    target.dispatchEvent(new CustomEvent(lossName, { detail: `${instanceId}null` }));
  };

  const onLoss = (): void => {
    for (const channel of channels.all()) {
      if (channel.hearing !== 'live') continue; // It reads its source when it comes live.
      channels.tell(channel, 'interrupted');
      channels.tell(channel, 'live');
    }
  };

  const publisher = createRedisLink({
    url,
    purpose: 'publish',
    clock,
    log,
    onUp: giveNotice,
    onBeat: giveNotice,
  });
  const subscriber = createRedisLink({
    url,
    purpose: 'subscribe',
    clock,
    log,
    onUp: () => subscribe(channels.all()),
    onDown() {
      for (const channel of channels.all()) settle(channel, 'interrupted');
    },
    onBeat: () => subscribe(channels.all().filter(({ hearing }) => hearing === 'interrupted')),
  });

  // The event target neither waits for the promises of its clients nor handles their rejections, so it gets these in
  // their place, with all the methods it uses. SUBSCRIBE is confirmed by its own reply, which also shows a refusal.
  const publishClient = {
    publish(name: string, message: string): void {
      unansweredChars += message.length;
      publisher.client
        .publish(name, message)
        .catch(failed)
        .finally(() => {
          unansweredChars -= message.length;
        });
    },
  };
  const subscribeClient = {
    on: (event: 'message', listener: (name: string, message: string) => void) =>
      subscriber.client.on(event, listener),
    subscribe(name: string): void {
      const channel = channels.get(name);
      if (channel) subscribe([channel]);
    },
    unsubscribe(name: string): void {
      // While Redis is away there is nothing to end: only what is listened to then is subscribed to again.
      if (subscriber.up) subscriber.client.unsubscribe(name).catch(() => {});
    },
  };
  const target = createRedisEventTarget<CustomEvent<unknown>>({
    publishClient: publishClient as unknown as Redis,
    subscribeClient: subscribeClient as unknown as Redis,
    serializer: { stringify: String, parse: (message) => decodeMessage(message, instanceId) },
  });

  const onMessage = ({ type, detail }: CustomEvent<unknown>): void => {
    const message = detail as Message | null;
    if (closed) return;
    if (message === null) {
      malformed += 1;
    } else if (message.from !== instanceId) {
      received += 1;
      channels.deliver(type, message.payload);
    }
  };

  const channels = createChannels({
    onOpen(channel) {
      target.addEventListener(channel.name, onMessage);
      if (!subscriber.up) return channels.tell(channel, 'interrupted');
      cancelConfirms.set(
        channel,
        clock.after(CONFIRM_MS, () => settle(channel, 'interrupted')),
      );
    },
    onEmpty(channel) {
      cancelConfirms.get(channel)?.();
      cancelConfirms.delete(channel);
      target.removeEventListener(channel.name, onMessage);
    },
  });

  channels.add(lossName, { onEvent: onLoss });

  const cancelStart = await new Promise<() => void>((resolve) => {
    const cancel = clock.after(START_MS, () => resolve(cancel));
    void Promise.all([publisher.attempted, subscriber.attempted]).then(() => resolve(cancel));
  });
  cancelStart();

  const nameOf = (...parts: Parameters<typeof channelName>): string => `${prefix}:${channelName(...parts)}`;

  return {
    publish(topic, address, payload) {
      if (closed) return;
      published += 1;
      const name = nameOf(topic, address);
      channels.deliver(name, payload);
      if (!publisher.up) return failed();
      const message = encodePayload(topic, payload, instanceId);
      if (message === null) failedPublishes += 1;
      else if (unansweredChars + message.length > MAX_UNANSWERED_CHARS) failed();
      else target.dispatchEvent(new CustomEvent(name, { detail: message }));
    },
    listen(topic, address, listener) {
      const listening = channels.add(nameOf(topic, address), listener);
      if (closed) listening.close();
      return listening;
    },
    stats() {
      const { listeners, channels: open, listenerErrors } = channels.counts();
      const own = closed ? 0 : 1; // The channel for notices of loss.
      return {
        published,
        received,
        failedPublishes,
        malformed,
        listenerErrors,
        listeners: listeners - own,
        channels: open - own,
        connected: publisher.up && subscriber.up,
      };
    },
    async ping() {
      if (!publisher.up || !subscriber.up) throw new QuireError('UNAVAILABLE', 'Redis is away.');
      const answers = Promise.all([publisher.client.ping(), subscriber.client.ping()]).catch(() => {
        throw new QuireError('UNAVAILABLE', 'Redis is away.');
      });
      await inTime(clock, PING_LIMIT_MS, answers, () => {
        throw new QuireError('UNAVAILABLE', 'Redis does not answer.');
      });
    },
    async close() {
      closed = true;
      const ended = [publisher.close(), subscriber.close()];
      channels.close();
      await Promise.all(ended);
    },
  };
};
