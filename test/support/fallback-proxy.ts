import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** An HTTP proxy as people find them in hotels and offices: it does not let everything through. */
export interface FallbackProxy {
  readonly url: string;
  /** Whether sockets are let through; others get a 403. */
  letsUpgrade: boolean;
  /** Whether sockets are kept waiting for their answer for ever. */
  holdsUpgrades: boolean;
  /** Whether an event stream is passed on at its end only. */
  gathers: boolean;
  /** Whether requests get a 502 instead of an answer. */
  isBroken: boolean;
  readonly counts: { upgrades: number; refused: number; held: number; gathered: number; polls: number };
  /** Breaks all connections to clients, as a network would. */
  cut(): void;
  close(): Promise<void>;
}

const headOf = ({ method, url, httpVersion, rawHeaders }: IncomingMessage): string => {
  const lines = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1] ?? ''}`] : [],
  );
  return `${[`${method} ${url} HTTP/${httpVersion}`, ...lines].join('\r\n')}\r\n\r\n`;
};

/** Starts it before a server. */
export async function startFallbackProxy(target: string): Promise<FallbackProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Duplex>();
  const counts = { upgrades: 0, refused: 0, held: 0, gathered: 0, polls: 0 };

  function pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url, headers } = incoming;
    const forward = request({ hostname, port, method, path: url, headers }, (answer) => {
      const isStream = (answer.headers['content-type'] ?? '').startsWith('text/event-stream');
      const { statusCode = 502, headers: answered } = answer;
      answer.on('error', () => outgoing.destroy());
      if (!isStream || !proxy.gathers) {
        outgoing.writeHead(statusCode, answered).flushHeaders();
        answer.pipe(outgoing);
        return;
      }
      counts.gathered += 1;
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => outgoing.writeHead(statusCode, answered).end(Buffer.concat(chunks)));
    });
    if (headers['prefer']) counts.polls += 1;
    forward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forward.destroy());
    incoming.pipe(forward);
  }

  const server = createServer((incoming, outgoing) => {
    if (proxy.isBroken)
      incoming.resume().on('end', () => outgoing.writeHead(502).end('<h1>Bad gateway</h1>'));
    else pass(incoming, outgoing);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (incoming: IncomingMessage, near: Duplex, head: Buffer) => {
    if (proxy.holdsUpgrades) {
      counts.held += 1;
      near.resume().on('end', () => near.end());
      return;
    }
    if (!proxy.letsUpgrade || proxy.isBroken) {
      counts.refused += 1;
      near.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    counts.upgrades += 1;
    const far = connect(Number(port), hostname, () =>
      far.write(Buffer.concat([Buffer.from(headOf(incoming)), head])),
    );
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => {});
      from.once('close', () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const proxy: FallbackProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    letsUpgrade: true,
    holdsUpgrades: false,
    gathers: false,
    isBroken: false,
    counts,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      proxy.cut();
      await closed;
    },
  };
  return proxy;
}
