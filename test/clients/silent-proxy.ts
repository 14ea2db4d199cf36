import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy whose connections may go silent without being closed, as they do behind a router that has forgotten them. */
export interface SilentProxy {
  readonly url: string;
  /** From now on the present connections swallow what they are given; new ones live. */
  silence(): void;
  close(): Promise<void>;
}

/** Starts a proxy before a server. */
export async function startSilentProxy(target: string): Promise<SilentProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let living = new Set<Socket>();

  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    const pass = (from: Socket, to: Socket): void => {
      sockets.add(from);
      living.add(from);
      from.on('data', (data) => {
        if (living.has(from)) to.write(data);
      });
      from.on('error', () => {});
      from.once('close', () => {
        sockets.delete(from);
        if (living.delete(from)) to.destroy();
      });
    };
    pass(near, far);
    pass(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    silence() {
      living = new Set();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
