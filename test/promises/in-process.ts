import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type App, type Counts, createApp } from '../../src/app.ts';
import { LEASE_MS } from '../../src/collaboration/presence.ts';
import { readConfig } from '../../src/platform/config.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/raw-socket.ts';
import { testSecret } from '../support/tokens.ts';
import { type Guest, type GuestOptions, openEventStream, openGuest, type Stream } from './guest.ts';

/** Timers of a server that nobody uses: the heartbeat's and the instruments'. */
const OWN_TIMERS = 4;

/** A whole server in the test's process, at a real port: its clock is turned by hand, and its counts can be read. */
export interface InProcess {
  readonly url: string;
  readonly dataDir: string;
  readonly clock: ManualClock;
  counts(): Counts;
  /** Connects a user; `leaveAll` ends it. */
  enter(userId: string, options?: GuestOptions): Promise<Guest>;
  /** Subscribes by an event stream; `leaveAll` ends it. */
  follow(userId: string, query: string, variables?: object): Promise<Stream>;
  /** Ends all connections. Resolves when the server holds nothing of them. */
  leaveAll(): Promise<void>;
  close(): Promise<void>;
}

/** Starts it on a disk of its own, with these settings besides. Its clock stands where the system's does. */
export async function openInProcess(env: Readonly<Record<string, string>> = {}): Promise<InProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'quire-in-process-'));
  const clock = createManualClock(Date.now());
  const config = readConfig({ AUTH_SECRET: testSecret, DATA_DIR: directory, PORT: '0', ...env });
  const app: App = await createApp(config, pino({ level: 'silent' }), { clock });
  const { url } = await app.listen();
  const ends: (() => void)[] = [];

  const leaveAll = async (): Promise<void> => {
    for (const end of ends.splice(0)) end();
    const isAlone = (): boolean => app.counts().sockets + app.counts().eventStreams === 0;
    await until(isAlone, 'all have gone');
    // Those who came by a call stay for a while.
    clock.advance(LEASE_MS);
    const isEmpty = (): boolean => Object.values(app.counts()).every((count) => count === 0);
    await until(isEmpty, 'the server holds nothing of those who have gone');
    await until(() => clock.pending === OWN_TIMERS, 'no timer of theirs is left');
  };

  return {
    url,
    dataDir: config.dataDir,
    clock,
    counts: () => app.counts(),
    leaveAll,
    async enter(userId, options) {
      const guest = await openGuest(url, userId, options);
      ends.push(() => guest.socket.ws.terminate());
      return guest;
    },
    async follow(userId, query, variables) {
      const stream = await openEventStream(url, userId, query, variables);
      ends.push(() => stream.stop());
      return stream;
    },
    async close() {
      for (const end of ends.splice(0)) end();
      await app.close();
      await rm(directory, { recursive: true });
    },
  };
}
