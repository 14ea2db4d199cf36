import { WebSocket } from 'ws';
import type { Outbox } from '../realtime/outbox.ts';

/**
 * A WebSocket whose close frame, of whoever closes, comes behind what waits to be sent and never into the middle of a
 * message.
 */
export class ClosingWebSocket extends WebSocket {
  /** Of the connection that has taken it over. */
  outbox: Outbox | null = null;

  override close(code?: number, reason?: string | Buffer): void {
    if (this.readyState === WebSocket.OPEN) this.outbox?.finish();
    super.close(code, reason);
  }
}
