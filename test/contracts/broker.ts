import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Broker, Hearing, Listener, Listening } from '../../src/platform/realtime/broker.ts';
import { defineTopic } from '../../src/platform/realtime/topic.ts';

export interface BrokerSetup {
  /** The one that announces in the tests. */
  readonly sender: Broker;
  /** The one that listens: another instance, where there are instances. */
  readonly receiver: Broker;
  /** Ends the brokers and what they need. */
  close(): Promise<void>;
}

const changed = defineTopic<{ readonly n: number }>('thing.changed');
const at = (key: string, tenantId = 'acme') => ({ tenantId, key });

/** Resolves when the condition holds; fails after five seconds. */
export const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 5000, interval: 2 });

/** A listener that writes down what it is told. */
export const recorder = <Payload>(): Listener<Payload> & {
  readonly events: Payload[];
  readonly news: Hearing[];
} => {
  const events: Payload[] = [];
  const news: Hearing[] = [];
  return {
    events,
    news,
    onEvent: (payload) => void events.push(payload),
    onInterrupted: () => void news.push('interrupted'),
    onLive: () => void news.push('live'),
  };
};

/** What every broker does, whatever it is made of. */
export const brokerContract = (name: string, setup: () => Promise<BrokerSetup>): void => {
  describe(`broker contract: ${name}`, () => {
    let closers: (() => Promise<void>)[] = [];
    const open = async (): Promise<BrokerSetup> => {
      const brokers = await setup();
      closers.push(() => brokers.close());
      return brokers;
    };
    afterEach(async () => {
      for (const close of closers) await close();
      closers = [];
    });

    it('[P4] delivers every announcement made after ready, in order', async () => {
      const { sender, receiver } = await open();
      for (let round = 0; round < 100; round += 1) {
        const heard = recorder<{ n: number }>();
        const listening = receiver.listen(changed, at(`doc-${round}`), heard);
        expect(await listening.ready).toBe('live');
        for (const n of [1, 2, 3]) sender.publish(changed, at(`doc-${round}`), { n });
        await until(() => heard.events.length === 3);
        expect(heard.events).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
        listening.close();
      }
    });

    it('[P4] is live again after the last listener of a channel went and another came at once', async () => {
      const { sender, receiver } = await open();
      for (let round = 0; round < 30; round += 1) {
        receiver.listen(changed, at('doc'), recorder()).close();
        const heard = recorder<{ n: number }>();
        const listening = receiver.listen(changed, at('doc'), heard);
        expect(await listening.ready).toBe('live');
        sender.publish(changed, at('doc'), { n: round });
        await until(() => heard.events.length === 1);
        listening.close();
      }
    });

    it('calls local listeners before publish returns, and once', async () => {
      const { sender, receiver } = await open();
      const local = recorder<{ n: number }>();
      const remote = recorder<{ n: number }>();
      await sender.listen(changed, at('doc'), local).ready;
      await receiver.listen(changed, at('doc'), remote).ready;
      sender.publish(changed, at('doc'), { n: 1 });
      expect(local.events).toEqual([{ n: 1 }]);
      await until(() => remote.events.length === 1);
      // What the receiver says next comes after whatever came back to the sender of its own.
      receiver.publish(changed, at('doc'), { n: 2 });
      await until(() => local.events.length === 2);
      expect(local.events).toEqual([{ n: 1 }, { n: 2 }]);
    });

    it('[P9] keeps tenants, topics and keys apart, whatever they are called', async () => {
      const { sender, receiver } = await open();
      const addresses: readonly [topic: string, tenantId: string, key: string][] = [
        ['a', 'b', 'c'],
        ['a', 'b:a:c', ''],
        ['a', 'b', 'c:d'],
        ['a', 'b:c', 'd'],
        ['a:b', '', 'c'],
        ['a', 'b","a","c', ''],
        ['a', 'b', '","c'],
        ['a","b', 'c', ''],
        ['a', 'b*', 'c'],
        ['a', '*', '*'],
        ['a', 'b ', 'c'],
        ['a', 'b\u0000', 'c'],
        ['a', 'b', '\ud800'],
        ['a', 'b', '\ud801'],
        ['a', 'b', '\ufffd'],
        ['a', 'B', 'c'],
        ['a', '__proto__', 'constructor'],
        ['a', 'b%3Ac', 'd'],
      ];
      const heard = await Promise.all(
        addresses.map(async ([topic, tenantId, key]) => {
          const listener = recorder<number>();
          expect(await receiver.listen(defineTopic<number>(topic), { tenantId, key }, listener).ready).toBe(
            'live',
          );
          return listener;
        }),
      );
      addresses.forEach(([topic, tenantId, key], n) =>
        sender.publish(defineTopic<number>(topic), { tenantId, key }, n),
      );
      await until(() => heard.every(({ events }) => events.length > 0));
      expect(heard.map(({ events }) => events)).toEqual(addresses.map((_, n) => [n]));
    });

    it('[P11] counts a listener that throws, and starves no other', async () => {
      const { sender, receiver } = await open();
      const before = recorder<{ n: number }>();
      const after = recorder<{ n: number }>();
      receiver.listen(changed, at('doc'), before);
      receiver.listen(changed, at('doc'), {
        onEvent() {
          throw new Error('a listener that fails');
        },
      });
      await receiver.listen(changed, at('doc'), after).ready;
      sender.publish(changed, at('doc'), { n: 1 });
      await until(() => after.events.length === 1);
      expect(before.events).toEqual([{ n: 1 }]);
      expect(receiver.stats().listenerErrors).toBe(1);
    });

    it('calls nothing after close, not even from a listener that is called before', async () => {
      const { receiver } = await open();
      const second = recorder<{ n: number }>();
      const listenings: Listening[] = [];
      receiver.listen(changed, at('doc'), { onEvent: () => listenings[0]?.close() });
      listenings.push(receiver.listen(changed, at('doc'), second));
      receiver.publish(changed, at('doc'), { n: 1 });
      expect(second.events).toEqual([]);
      listenings[0]?.close();
      expect(receiver.stats()).toMatchObject({ listeners: 1, channels: 1 });
    });

    it('ends though a listener listens anew in each event', async () => {
      const { receiver } = await open();
      let calls = 0;
      const listen = (): void => {
        const listening = receiver.listen(changed, at('doc'), {
          onEvent() {
            calls += 1;
            listening.close();
            listen();
          },
        });
      };
      listen();
      receiver.publish(changed, at('doc'), { n: 1 });
      expect(calls).toBe(1);
    });

    it('has one channel for 2,000 listeners, without a warning, and none after the last', async () => {
      const warnings: Error[] = [];
      const onWarning = (warning: Error): void => void warnings.push(warning);
      process.on('warning', onWarning);
      const { sender, receiver } = await open();
      let calls = 0;
      const listenings = Array.from({ length: 2000 }, () =>
        receiver.listen(changed, at('doc'), { onEvent: () => void (calls += 1) }),
      );
      await Promise.all(listenings.map(({ ready }) => ready));
      expect(receiver.stats()).toMatchObject({ listeners: 2000, channels: 1 });
      sender.publish(changed, at('doc'), { n: 1 });
      await until(() => calls === 2000);
      for (const listening of listenings) listening.close();
      expect(receiver.stats()).toMatchObject({ listeners: 0, channels: 0 });
      process.off('warning', onWarning);
      expect(warnings).toEqual([]);
    });

    it('answers pings as long as it is open', async () => {
      const { sender } = await open();
      await Promise.all([sender.ping(), sender.ping()]);
      await sender.close();
      await expect(sender.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });

    it('settles ready and falls silent when it is closed, twice', async () => {
      const { receiver } = await open();
      const heard = recorder<{ n: number }>();
      const listening = receiver.listen(changed, at('doc'), heard);
      await Promise.all([receiver.close(), receiver.close()]);
      await listening.ready;
      expect(await receiver.listen(changed, at('other'), heard).ready).toBeDefined();
      receiver.publish(changed, at('doc'), { n: 1 });
      listening.close();
      expect(heard).toMatchObject({ events: [], news: [] });
      expect(receiver.stats()).toMatchObject({ listeners: 0, channels: 0, connected: false });
    });
  });
};
