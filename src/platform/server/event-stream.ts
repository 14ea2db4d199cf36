import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { createOutbox } from '../realtime/outbox.ts';
import type { ServerLimits } from './options.ts';
import type { Outlet, Subscription } from './subscription.ts';

/** Milliseconds between two comments, which keep a connection alive on which nothing happens. */
const COMMENT_MS = 12_000;
/** Says nothing. Some browsers take the head of a response for sent with its first byte only. */
const COMMENT = ':\n\n';
const COMPLETE = 'event: complete\ndata:\n\n';
/** What stands around a payload, with the longest cursor. */
const OVERHEAD_BYTES = 48;

/** A result as an event of GraphQL over SSE; its id is the cursor to resume behind. */
const eventOf = (payload: string, cursor: number | null): string =>
  cursor === null ? `event: next\ndata: ${payload}\n\n` : `event: next\nid: ${cursor}\ndata: ${payload}\n\n`;

/** Sends a subscription as the body of a response whose head is written. Resolves when it is over. */
export const sendEvents = async (
  response: ServerResponse,
  subscription: Subscription,
  {
    limits,
    clock,
  }: { readonly limits: Pick<ServerLimits, 'unsentBytes' | 'stallMs'>; readonly clock: Clock },
): Promise<void> => {
  const outbox = createOutbox({
    stream: response,
    limitBytes: limits.unsentBytes,
    stallMs: limits.stallMs,
    clock,
    onStall: () => response.destroy(),
  });
  const sender = { gone: false };
  const outlet: Outlet = {
    get hasRoom() {
      return outbox.hasRoom(OVERHEAD_BYTES);
    },
    offer(payload, cursor) {
      if (!outbox.hasRoom(payload.length + OVERHEAD_BYTES)) return false;
      outbox.push(eventOf(payload, cursor), sender);
      return true;
    },
    whenRoom: (call) => outbox.whenRoom(call),
    force: (payload) => outbox.push(eventOf(payload, null), sender),
    silence() {
      sender.gone = true;
    },
  };

  let cancelComment = (): void => {};
  const comment = (): void => {
    if (outbox.unsentBytes === 0) outbox.push(COMMENT);
    cancelComment = clock.after(COMMENT_MS, comment);
  };
  // 'close' follows: without a listener the error would end the process.
  response.on('error', () => {});
  response.once('close', () => {
    outbox.close();
    void subscription.return();
  });
  if (response.destroyed) void subscription.return();

  comment();
  subscription.start(outlet);
  await subscription.next();
  cancelComment();
  if (response.destroyed) return;
  outbox.push(COMPLETE);
  outbox.finish();
  response.end();
};
