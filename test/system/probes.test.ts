import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { QuireError } from '../../src/platform/errors.ts';
import { createMemoryBroker } from '../../src/platform/realtime/memory-broker.ts';
import { createProber, PROBE_LIMIT_MS, type Probe } from '../../src/system/probe.ts';
import { type Address, httpProbe, webSocketProbe } from '../../src/system/server-probes.ts';
import { brokerProbe, databaseProbe } from '../../src/system/storage-probes.ts';
import { startEdge } from '../platform/server/edge.ts';
import { createDesk } from '../support/documents.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { until } from '../support/raw-socket.ts';

let closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  closers = [];
});

const never = new AbortController().signal;

describe.each<[string, (address: Address) => Probe]>([
  ['http', httpProbe],
  ['websocket', webSocketProbe],
])('the probe of %s', (_name, probeOf) => {
  /** A port that takes connections and says what it is told to, and nothing at first. */
  const openPort = async (answer = ''): Promise<{ url: string; connections: () => number }> => {
    let connections = 0;
    const server: Server = createServer((socket) => {
      connections += 1;
      socket.on('error', () => {});
      // Read, so that the other end is seen to go.
      socket.resume();
      socket.once('close', () => (connections -= 1));
      if (answer !== '') socket.end(answer);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('it has no port');
    return { url: `http://127.0.0.1:${address.port}`, connections: () => connections };
  };

  it('is content with a server that answers, and leaves no connection behind', async () => {
    const edge = await startEdge();
    closers.push(() => edge.server.close());
    for (let round = 0; round < 3; round += 1) {
      expect(await probeOf(() => edge.url).probe(never)).toEqual({ level: 'HEALTHY' });
    }
    await until(() => edge.server.counts().sockets === 0, 'no socket is left');
    expect(edge.server.counts()).toMatchObject({ sockets: 0, signedIn: 0, subscriptions: 0 });
  });

  it('asks the machine itself where the server listens at every address', async () => {
    const edge = await startEdge({ host: '0.0.0.0' });
    closers.push(() => edge.server.close());
    expect(edge.url).toContain('0.0.0.0');
    expect(await probeOf(() => edge.url).probe(never)).toEqual({ level: 'HEALTHY' });
  });

  it('says so when nothing listens', async () => {
    await expect(probeOf(() => null).probe(never)).rejects.toThrow('It does not listen yet.');
    const edge = await startEdge();
    await edge.server.close();
    await expect(probeOf(() => edge.url).probe(never)).rejects.toThrow('ECONNREFUSED');
  });

  it('gives up a server that takes the connection and is silent, and lets go of it', async () => {
    const { url, connections } = await openPort();
    const clock = createManualClock();
    const finding = createProber(
      probeOf(() => url),
      clock,
    )();
    await until(() => connections() === 1, 'the probe is connected');
    clock.advance(PROBE_LIMIT_MS);
    expect((await finding).health.level).toBe('OFFLINE');
    await until(() => connections() === 0, 'it has let go');
  });

  it('does not take any answer for a good one', async () => {
    const { url } = await openPort('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n');
    const { health } = await createProber(
      probeOf(() => url),
      createManualClock(),
    )();
    expect(['CRITICAL', 'OFFLINE']).toContain(health.level);
    expect(health.message).toContain('503');
  });
});

describe('the probe of the database', () => {
  const open = async (write: () => Promise<void>, ping?: () => Promise<void>) => {
    const desk = await createDesk();
    closers.push(() => desk.close());
    const { database } = await desk.open();
    const clock = createManualClock();
    const asked = databaseProbe({ database: ping ? { ping } : database, file: desk.file, write, clock });
    return { clock, probe: () => asked.probe(never), desk };
  };

  it('is content when it can read and write', async () => {
    let writes = 0;
    const { probe, clock } = await open(async () => void (writes += 1));
    expect(await probe()).toEqual({ level: 'HEALTHY' });
    expect(writes).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('tells why nothing can be written', async () => {
    const { probe } = await open(() => Promise.reject(new Error('attempt to write a readonly database')));
    expect(await probe()).toEqual({
      level: 'CRITICAL',
      message: 'Nothing can be written: attempt to write a readonly database',
    });
  });

  it('tells of a write that waits in the same words as of one that has waited in vain', async () => {
    const vain = await open(() => Promise.reject(new QuireError('UNAVAILABLE', 'The database is busy.')));
    const told = await vain.probe();
    expect(told).toMatchObject({ level: 'CRITICAL', message: expect.stringContaining('wait') as string });
    let isAsked = false;
    const waiting = await open(() => {
      isAsked = true;
      return new Promise(() => {});
    });
    const health = waiting.probe();
    await until(() => isAsked, 'it tries to write');
    waiting.clock.advance(1_000);
    expect(await health).toEqual(told);
  });

  it('does not answer when it cannot be read', async () => {
    const { probe } = await open(
      async () => {},
      () => Promise.reject(new Error('The thread has died.')),
    );
    await expect(probe()).rejects.toThrow('The thread has died.');
  });
});

describe('the probe of the broker', () => {
  it('is content with one in memory until it is closed, and listens while somebody watches', async () => {
    const broker = createMemoryBroker();
    const probe = brokerProbe(broker);
    expect(await probe.probe(never)).toEqual({ level: 'HEALTHY' });
    const stop = probe.onChange?.(() => {});
    expect(broker.stats().listeners).toBe(1);
    stop?.();
    expect(broker.stats().listeners).toBe(0);
    await broker.close();
    await expect(probe.probe(never)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
