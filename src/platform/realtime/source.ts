import { createPullStream } from './pull-stream.ts';

/** Where what is delivered to one subscriber goes, as long as there is room. */
export interface Sink<Payload> {
  /** Whether it makes sense to prepare something for it. */
  readonly hasRoom: boolean;
  /** Takes a payload with its event's cursor (null: it has none); false when there is no room, and nothing was taken. */
  offer(payload: Payload, cursor: number | null): boolean;
  /** Calls once, when there is room: soon when there is already, and never after the sink was closed. */
  whenRoom(call: () => void): void;
  /** Nothing more comes. The error tells why, when it is not simply over. */
  end(error?: unknown): void;
}

/** Subscribers who are given equal payloads: what is rendered for one is rendered for all of them. */
export interface Audience<Event, Payload> {
  /** Never rejects. */
  render(event: Event): Payload | Promise<Payload>;
}

/** What a subscription delivers, before it is rendered for anybody. Nothing is held or listened to until it is used. */
export interface Source<Event> extends AsyncIterable<Event, undefined> {
  /** Delivers until the returned function is called, or until it calls `sink.end`. */
  deliver<Payload>(audience: Audience<Event, Payload>, sink: Sink<Payload>): () => void;
}

/** True for a source; other async iterables can be made one by `pulledSource`. */
export const isSource = (value: AsyncIterable<unknown>): value is Source<unknown> => 'deliver' in value;

/**
 * A source for one subscriber, from a stream that makes its values when they are asked for. It is asked when there is
 * room, so that a slow reader gets what is newest then.
 */
export const pulledSource = <Event>(stream: AsyncIterableIterator<Event, undefined>): Source<Event> => ({
  [Symbol.asyncIterator]: () => stream,

  deliver(audience, sink) {
    let open = true;
    let over = false;
    const room = (): Promise<void> => new Promise((resolve) => sink.whenRoom(resolve));

    const run = async (): Promise<void> => {
      try {
        while (open) {
          if (!sink.hasRoom) await room();
          const { done, value } = await stream.next();
          if (done) {
            over = true;
            break;
          }
          const payload = await audience.render(value);
          while (open && !sink.offer(payload, null)) await room();
        }
        if (open) sink.end();
      } catch (error) {
        over = true;
        if (open) sink.end(error);
      }
    };

    void run();
    return () => {
      open = false;
      if (!over) void stream.return?.();
    };
  },
});

/** The events of a source, one at a time: the next is taken when this one was asked for. */
export const eventsOf = <Event>(
  source: Pick<Source<Event>, 'deliver'>,
): AsyncIterableIterator<Event, undefined> => {
  let close: (() => void) | undefined;
  let held: { readonly event: Event } | undefined;
  let whenRoom: (() => void) | undefined;
  let outcome: { readonly error?: unknown } | undefined;

  const sink: Sink<Event> = {
    get hasRoom() {
      return held === undefined;
    },
    offer(event) {
      if (held) return false;
      held = { event };
      stream.wake();
      return true;
    },
    whenRoom(call) {
      if (held) whenRoom = call;
      else queueMicrotask(call);
    },
    end(error) {
      outcome = error === undefined ? {} : { error };
      stream.wake();
    },
  };

  const stream = createPullStream<Event>({
    pull() {
      close ??= source.deliver<Event>({ render: (event) => event }, sink);
      if (held) {
        const { event } = held;
        held = undefined;
        const call = whenRoom;
        whenRoom = undefined;
        call?.();
        return event;
      }
      if (!outcome) return undefined;
      if ('error' in outcome) throw outcome.error;
      stream.end();
      return undefined;
    },
    onClose() {
      held = undefined;
      close?.();
    },
  });
  return stream;
};
