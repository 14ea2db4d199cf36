import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { isForm } from './request-guard.ts';

/** Milliseconds in which all of a body must have arrived; of a form with files, MIN_FORM_BYTES or the rest. */
export const BODY_TIMEOUT_MS = 30_000;
/** Bytes of a form that must come in each BODY_TIMEOUT_MS: 70 kbit/s. */
export const MIN_FORM_BYTES = 262_144;

/**
 * Ends the connection of a request whose body does not arrive in time, with 408 where nothing was answered yet. Node's
 * own `requestTimeout` gives all requests the same time, in which a file would not come over a slow line. What goes on
 * coming after the answer is discarded, so that the client gets to read it; but no longer than that.
 */
export const limitBodyTime = (request: IncomingMessage, response: ServerResponse, clock: Clock): void => {
  const { headers, socket } = request;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
  let before = socket.bytesRead;
  let cancel = (): void => {};
  const look = (): void => {
    if (request.complete || socket.destroyed) return;
    const came = socket.bytesRead - before;
    before += came;
    if (isForm(request) && !response.writableEnded && came >= MIN_FORM_BYTES) {
      cancel = clock.after(BODY_TIMEOUT_MS, look);
      return;
    }
    if (!response.headersSent) socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
    socket.destroy();
  };
  cancel = clock.after(BODY_TIMEOUT_MS, look);
  request.once('close', () => cancel());
};
