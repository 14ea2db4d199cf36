import { WebSocket } from 'ws';

/** A WebSocket that says when its close frame is about to be written. */
export class ClosingWebSocket extends WebSocket {
  onClosing: () => void = () => {};

  override close(code?: number, reason?: string | Buffer): void {
    if (this.readyState === WebSocket.OPEN) this.onClosing();
    super.close(code, reason);
  }
}
