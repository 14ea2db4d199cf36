import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that cuts connections in mid-message, as networks do. */
export interface CuttingProxy {
  readonly url: string;
  /** Connections live from now on. */
  heal(): void;
  close(): Promise<void>;
}

/** Starts a proxy before a server; `bytesToLive` says after how many bytes, in both directions, a connection is cut. */
export async function startProxy(target: string, bytesToLive: () => number): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let cutting = true;

  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    let left = bytesToLive();
    const pass = (from: Socket, to: Socket): void => {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (data) => {
        const isLast = cutting && data.length >= left;
        to.write(isLast ? data.subarray(0, left) : data);
        left -= data.length;
        if (!isLast) return;
        near.destroy();
        far.destroy();
      });
      from.on('error', () => {});
      from.once('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    };
    pass(near, far);
    pass(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heal() {
      cutting = false;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
