import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { soon } from '../../support/raw-socket.ts';
import type { Edge } from './edge.ts';

/** Sends a request with headers that fetch would not let through. */
export const rawRequest = async (
  edge: Edge,
  { method = 'GET', path = '/graphql', headers = {}, body = '' },
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> => {
  const request = httpRequest({ host: '127.0.0.1', port: edge.port, method, path, headers });
  request.end(body);
  const [response] = (await soon(once(request, 'response'), 'a response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks).toString(),
  };
};
