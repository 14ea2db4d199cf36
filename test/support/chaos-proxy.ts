import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Random } from './random.ts';

/** What a chunk of bytes meets on its way, in parts of a thousand. */
const CUT_PER_1000 = 6;
const STALL_PER_1000 = 8;
const DELAY_PER_1000 = 200;
/** Milliseconds. */
const MAX_DELAY_MS = 40;
const MAX_STALL_MS = 1_500;

/** A TCP proxy that treats connections as bad networks do, and counts what it has done. */
export interface ChaosProxy {
  readonly url: string;
  readonly counts: { readonly connections: number; readonly cuts: number; readonly stalls: number };
  /** Lets nobody through, and cuts who is connected. */
  down(): void;
  /** Lets everybody through again. */
  up(): void;
  /** Does no harm from now on. */
  heal(): void;
  close(): Promise<void>;
}

/**
 * Starts a proxy before a server. Each chunk, in either direction and in order, may be delayed, held for a second or
 * so with all behind it, or be the last one, of which a part may still arrive. Without `random` it does no harm.
 */
export async function startChaosProxy(target: string, random?: Random): Promise<ChaosProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const counts = { connections: 0, cuts: 0, stalls: 0 };
  let harmful = random !== undefined;
  let isDown = false;

  const happens = (per1000: number): boolean =>
    harmful && random !== undefined && random.between(1, 1_000) <= per1000;

  const later = (ms: number, task: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      task();
    }, ms);
    timers.add(timer);
  };

  const pauseOf = (): number => {
    if (happens(STALL_PER_1000)) {
      counts.stalls += 1;
      return random?.between(MAX_STALL_MS / 5, MAX_STALL_MS) ?? 0;
    }
    return happens(DELAY_PER_1000) ? (random?.between(1, MAX_DELAY_MS) ?? 0) : 0;
  };

  function pass(from: Socket, to: Socket): void {
    sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (data) => {
      if (happens(CUT_PER_1000)) {
        counts.cuts += 1;
        to.write(data.subarray(0, random?.between(0, data.length)));
        from.destroy();
        to.destroy();
        return;
      }
      const ms = pauseOf();
      if (ms === 0) {
        to.write(data);
        return;
      }
      // What is paused is not read: nothing behind it overtakes it.
      from.pause();
      later(ms, () => {
        to.write(data);
        from.resume();
      });
    });
    from.on('error', () => {});
    from.once('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  }

  const server = createServer((near) => {
    if (isDown) {
      near.on('error', () => {});
      near.destroy();
      return;
    }
    counts.connections += 1;
    const far = connect(Number(port), hostname);
    pass(near, far);
    pass(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    down() {
      isDown = true;
      cutAll();
    },
    up() {
      isDown = false;
    },
    heal() {
      harmful = false;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const timer of timers) clearTimeout(timer);
      cutAll();
      await closed;
    },
  };
}
