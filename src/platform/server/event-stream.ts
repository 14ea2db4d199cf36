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
/** Milliseconds from the first event of a stream that is waited for in pieces to its end: for those that come together. */
const GATHER_MS = 100;
/** What stands around a payload, with the longest cursor. */
const OVERHEAD_BYTES = 48;

/** A result as an event of GraphQL over SSE; its id is the cursor to resume behind. */
const eventOf = (payload: string, cursor: number | null): string =>
  cursor === null ? `event: next\ndata: ${payload}\n\n` : `event: next\nid: ${cursor}\ndata: ${payload}\n\n`;

export interface EventStreamOptions {
  readonly limits: Pick<ServerLimits, 'unsentBytes' | 'stallMs'>;
  /** Seconds after which the response ends when nothing has come, for who cannot read it before its end; null: never. */
  readonly waitSeconds: number | null;
  readonly clock: Clock;
}

/**
 * Sends a subscription as the body of a response whose head is written. Resolves when it is over. With `waitSeconds` the
 * response ends soon after its first event, without `complete`: there may be more for who asks again behind it.
 */
export const sendEvents = async (
  response: ServerResponse,
  subscription: Subscription,
  { limits, waitSeconds, clock }: EventStreamOptions,
): Promise<void> => {
  const outbox = createOutbox({
    stream: response,
    limitBytes: limits.unsentBytes,
    stallMs: limits.stallMs,
    clock,
    onStall: () => response.destroy(),
  });
  const sender = { gone: false };
  let isPiece = false;
  const endPiece = (): void => {
    isPiece = true;
    subscription.finish();
  };
  let cancelPiece = waitSeconds === null ? null : clock.after(waitSeconds * 1000, endPiece);
  let gathering = waitSeconds === null;
  const gather = (): void => {
    if (gathering) return;
    gathering = true;
    cancelPiece?.();
    cancelPiece = clock.after(GATHER_MS, endPiece);
  };
  const outlet: Outlet = {
    get hasRoom() {
      return outbox.hasRoom(OVERHEAD_BYTES);
    },
    offer(payload, cursor) {
      if (!outbox.hasRoom(payload.length + OVERHEAD_BYTES)) return false;
      outbox.push(eventOf(payload, cursor), sender);
      gather();
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
  cancelPiece?.();
  if (response.destroyed) return;
  if (!isPiece) outbox.push(COMPLETE);
  outbox.finish();
  response.end();
};
