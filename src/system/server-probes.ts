import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { WebSocket } from 'ws';
import type { Health } from './health.ts';
import type { Probe } from './probe.ts';

const PROTOCOL = 'graphql-transport-ws';

/** The URL of this very server; null as long as it does not listen. */
export type Address = () => string | null;

const urlOf = (address: Address, path: string): URL => {
  const base = address();
  if (base === null) throw new Error('It does not listen yet.');
  const url = new URL(path, base);
  // It listens at every address: one that only this machine has will do.
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
  if (url.hostname === '[::]') url.hostname = '[::1]';
  return url;
};

/** A real request to the server's own port, over a connection of its own. */
export const httpProbe = (address: Address): Probe => ({
  name: 'http',
  async probe(late): Promise<Health> {
    const asked = request(urlOf(address, '/health/live'), { agent: false, signal: late });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    if (response.statusCode === 200) return { level: 'HEALTHY' };
    return { level: 'CRITICAL', message: `/health/live answers with ${response.statusCode}.` };
  },
});

/** A real socket to the server's own port: opened, and closed again without a word. */
export const webSocketProbe = (address: Address): Probe => ({
  name: 'websocket',
  async probe(late): Promise<Health> {
    const url = urlOf(address, '/graphql');
    url.protocol = 'ws:';
    const socket = new WebSocket(url, PROTOCOL);
    const giveUp = (): void => socket.terminate();
    late.addEventListener('abort', giveUp);
    try {
      await once(socket, 'open');
      const closed = once(socket, 'close');
      socket.close();
      await closed;
      return { level: 'HEALTHY' };
    } finally {
      late.removeEventListener('abort', giveUp);
    }
  },
});
