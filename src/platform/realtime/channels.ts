import type { Hearing, Listener, Listening } from './broker.ts';
import type { Address } from './topic.ts';

/**
 * The name of the channel for a topic and an address. JSON keeps the parts apart whatever they hold (quotes, colons,
 * lone surrogates), so that no tenant and no key can spell the channel of another.
 */
export const channelName = (topic: { readonly name: string }, { tenantId, key }: Address): string =>
  JSON.stringify([tenantId, topic.name, key]);

interface Entry {
  readonly listener: Listener<unknown>;
  readonly settle: (hearing: Hearing) => void;
  told: Hearing | null;
}

/** Something that is listened to upstream. A channel that is closed and opened again is another one. */
export interface Channel {
  readonly name: string;
  /** null until the upstream has answered. */
  readonly hearing: Hearing | null;
}

interface OpenChannel extends Channel {
  hearing: Hearing | null;
  readonly entries: Set<Entry>;
}

export interface ChannelsOptions {
  /** The first listener of a channel came: subscribe upstream, then `tell`. */
  readonly onOpen: (channel: Channel) => void;
  /** The last listener of a channel went: unsubscribe upstream. */
  readonly onEmpty: (channel: Channel) => void;
}

/** The listeners of one process, by channel. It holds one entry a listener: whoever limits streams, limits this. */
export interface Channels {
  add(name: string, listener: Listener<unknown>): Listening;
  /** Calls every listener of the channel; one that throws is counted and starves no other. */
  deliver(name: string, payload: unknown): void;
  /** Tells the listeners what is known now about the channel; ignored when it has been closed since. */
  tell(channel: Channel, hearing: Hearing): void;
  get(name: string): Channel | undefined;
  all(): readonly Channel[];
  counts(): { readonly listeners: number; readonly channels: number; readonly listenerErrors: number };
  /** Closes all listenings. */
  close(): void;
}

/** Creates an empty set of channels. */
export const createChannels = ({ onOpen, onEmpty }: ChannelsOptions): Channels => {
  const channels = new Map<string, OpenChannel>();
  let listeners = 0;
  let listenerErrors = 0;

  const guarded = (call: () => void): void => {
    try {
      call();
    } catch {
      listenerErrors += 1;
    }
  };

  const remove = (channel: OpenChannel, entry: Entry): void => {
    if (!channel.entries.delete(entry)) return;
    listeners -= 1;
    entry.settle('interrupted');
    if (channel.entries.size > 0) return;
    channels.delete(channel.name);
    onEmpty(channel);
  };

  const inform = (entry: Entry, hearing: Hearing): void => {
    const { told, listener } = entry;
    entry.told = hearing;
    if (told === hearing) return;
    if (told === null) entry.settle(hearing);
    else if (hearing === 'live') guarded(() => listener.onLive?.());
    else guarded(() => listener.onInterrupted?.());
  };

  // A copy is walked, because listeners come and go inside the calls; one that has gone is not called any more.
  const each = (channel: OpenChannel, visit: (entry: Entry) => void): void => {
    for (const entry of [...channel.entries]) if (channel.entries.has(entry)) visit(entry);
  };

  return {
    add(name, listener) {
      let settle: (hearing: Hearing) => void = () => {};
      const ready = new Promise<Hearing>((resolve) => {
        settle = resolve;
      });
      const known = channels.get(name);
      const channel: OpenChannel = known ?? { name, hearing: null, entries: new Set() };
      const entry: Entry = { listener, settle, told: channel.hearing };
      if (channel.hearing !== null) settle(channel.hearing);
      channel.entries.add(entry);
      listeners += 1;
      if (!known) {
        channels.set(name, channel);
        onOpen(channel);
      }
      return { ready, close: () => remove(channel, entry) };
    },

    deliver(name, payload) {
      const channel = channels.get(name);
      if (channel) each(channel, ({ listener }) => guarded(() => listener.onEvent(payload)));
    },

    tell(channel, hearing) {
      const open = channels.get(channel.name);
      if (open === undefined || open !== channel) return;
      open.hearing = hearing;
      each(open, (entry) => inform(entry, hearing));
    },

    get: (name) => channels.get(name),
    all: () => [...channels.values()],
    counts: () => ({ listeners, channels: channels.size, listenerErrors }),

    close() {
      for (const channel of [...channels.values()]) each(channel, (entry) => remove(channel, entry));
    },
  };
};
