import { expect, it } from 'vitest';
import { createMemoryBroker } from '../../../src/platform/realtime/memory-broker.ts';
import { defineTopic } from '../../../src/platform/realtime/topic.ts';
import { brokerContract } from '../../contracts/broker.ts';

brokerContract('memory', async () => {
  const broker = createMemoryBroker();
  return { sender: broker, receiver: broker, close: () => broker.close() };
});

it('hands payloads over as they are, however large', () => {
  const broker = createMemoryBroker();
  const topic = defineTopic<{ text: string }>('large', { reference: () => ({ text: 'a reference' }) });
  const payload = { text: 'x'.repeat(1_000_000) };
  const heard: unknown[] = [];
  broker.listen(topic, { tenantId: 'acme', key: 'doc' }, { onEvent: (event) => void heard.push(event) });
  broker.publish(topic, { tenantId: 'acme', key: 'doc' }, payload);
  expect(heard[0]).toBe(payload);
  expect(broker.stats()).toMatchObject({ published: 1, failedPublishes: 0, connected: true });
});
