import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

/** Milliseconds that the components have to say how they are. */
const READY_TIMEOUT_MS = 2_000;

type Components = Record<string, string>;

const ask = async (ready: () => Promise<Components>, log: Logger): Promise<Components> => {
  const patience = new AbortController();
  const late = sleep(READY_TIMEOUT_MS, { components: 'no answer' }, { signal: patience.signal });
  try {
    return await Promise.race([ready(), late]);
  } catch (error) {
    log.error({ err: error }, 'the readiness check failed');
    return { components: 'failed' };
  } finally {
    patience.abort();
  }
};

const send = (response: ServerResponse, status: number, body: object): void => {
  response
    .writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' })
    .end(`${JSON.stringify(body)}\n`);
};

/** `/health/live`: this process answers. */
export const sendLive = (response: ServerResponse): void => send(response, 200, { status: 'ok' });

/** `/health/ready`: whether requests should be sent here, and which component is in the way when not (503). */
export const sendReady = async (
  response: ServerResponse,
  { ready, log, stopping }: { ready: () => Promise<Components>; log: Logger; stopping: boolean },
): Promise<void> => {
  if (stopping) return send(response, 503, { status: 'stopping', components: {} });
  const components = await ask(ready, log);
  const isReady = Object.values(components).every((state) => state === 'ok');
  send(response, isReady ? 200 : 503, { status: isReady ? 'ok' : 'unavailable', components });
};
