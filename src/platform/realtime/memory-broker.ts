import { QuireError } from '../errors.ts';
import type { Broker } from './broker.ts';
import { channelName, createChannels } from './channels.ts';

/**
 * A broker for one process: announcements go over an `EventTarget`, the default target of Yoga's pub/sub. (Its
 * `createPubSub` is not used: its `subscribe` throws out of the target at 1,025 pending events.) The target has one
 * listener a channel, so that it neither warns of leaks nor calls a listener whose exception would end the process.
 */
export const createMemoryBroker = (): Broker => {
  const target = new EventTarget();
  let published = 0;
  let closed = false;

  const onEvent = (event: Event): void => {
    if (event instanceof CustomEvent) channels.deliver(event.type, event.detail);
  };

  const channels = createChannels({
    onOpen(channel) {
      target.addEventListener(channel.name, onEvent);
      channels.tell(channel, 'live');
    },
    onEmpty: ({ name }) => target.removeEventListener(name, onEvent),
  });

  return {
    publish(topic, address, payload) {
      if (closed) return;
      published += 1;
      target.dispatchEvent(new CustomEvent(channelName(topic, address), { detail: payload }));
    },
    listen(topic, address, listener) {
      const listening = channels.add(channelName(topic, address), listener);
      if (closed) listening.close();
      return listening;
    },
    stats: () => ({
      ...channels.counts(),
      published,
      received: 0,
      failedPublishes: 0,
      malformed: 0,
      connected: !closed,
    }),
    async ping() {
      if (closed) throw new QuireError('UNAVAILABLE', 'The broker is closed.');
    },
    async close() {
      closed = true;
      channels.close();
    },
  };
};
