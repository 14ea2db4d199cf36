import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { soon } from '../../support/raw-socket.ts';
import type { Edge } from './edge.ts';

/** Sends a request with headers that fetch would not let through. */
export const rawRequest = async (
  edge: Edge,
  {
    method = 'GET',
    path = '/graphql',
    headers = {},
    body = '',
  }: { method?: string; path?: string; headers?: OutgoingHttpHeaders; body?: string | Uint8Array },
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
