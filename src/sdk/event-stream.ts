import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { ConnectionLost } from './errors.ts';

/** Characters that one event may have: a text of 10,000,000 and what stands around it. */
const MAX_EVENT_CHARS = 64_000_000;

/**
 * Reads server-sent events to the end of a body, wherever its chunks are cut. Rejects with ConnectionLost when an event is
 * larger than any of a server, and with what the body or a listener throws.
 */
export async function readEvents(
  body: ReadableStream<Uint8Array>,
  listener: { onEvent(event: EventSourceMessage): void; onBytes(): void },
): Promise<void> {
  const decoder = new TextDecoder();
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARS,
    onEvent: (event) => listener.onEvent(event),
    onError({ type }) {
      if (type === 'max-buffer-size-exceeded')
        throw new ConnectionLost(1009, `An event has more than ${MAX_EVENT_CHARS} characters.`);
    },
  });
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      listener.onBytes();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Of a body that has ended or failed it changes nothing.
    reader.cancel().catch(() => {});
  }
}
