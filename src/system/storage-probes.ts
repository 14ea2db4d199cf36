import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, inTime } from '../platform/clock.ts';
import { QuireError } from '../platform/errors.ts';
import type { Broker } from '../platform/realtime/broker.ts';
import { defineTopic } from '../platform/realtime/topic.ts';
import type { Database } from '../platform/storage/database.ts';
import type { Health } from './health.ts';
import type { Probe } from './probe.ts';

/** Milliseconds after which a write that waits is told as one. Less than a probe has in all. */
const WRITE_LIMIT_MS = 1_000;

const WAITING: Health = {
  level: 'CRITICAL',
  message:
    'Writes wait: another process holds the database, its disk is slow, or more is written than it can take.',
};

export interface DatabaseProbeOptions {
  readonly database: Pick<Database, 'ping'>;
  /** Path of the database. */
  readonly file: string;
  /** Writes something for real. */
  readonly write: () => Promise<void>;
  readonly clock: Clock;
}

/** Reads, writes, and looks whether the file could still be opened for writing. */
export const databaseProbe = ({ database, file, write, clock }: DatabaseProbeOptions): Probe => {
  const tryToWrite = (): Promise<Health> =>
    write().then(
      (): Health => ({ level: 'HEALTHY' }),
      (error: unknown): Health => {
        if (error instanceof QuireError && error.code === 'UNAVAILABLE') return WAITING;
        const why = error instanceof Error ? error.message : String(error);
        return { level: 'CRITICAL', message: `Nothing can be written: ${why}` };
      },
    );

  /** What is open stays writable, whatever becomes of the permissions: the trouble would come with the next start. */
  const tryToOpen = async (): Promise<Health> => {
    for (const [what, path] of [
      ['file', file],
      ['folder', dirname(file)],
    ] as const) {
      const isWritable = await access(path, constants.W_OK).then(
        () => true,
        () => false,
      );
      if (!isWritable)
        return {
          level: 'WARNING',
          message: `The database's ${what} may not be written any more: a server that starts now would fail.`,
        };
    }
    return { level: 'HEALTHY' };
  };

  return {
    name: 'database',
    async probe() {
      // First: behind a write that waits, all that goes through the same thread waits, too.
      const writing = await inTime(clock, WRITE_LIMIT_MS, tryToWrite(), () => WAITING);
      if (writing.level !== 'HEALTHY') return writing;
      await database.ping();
      return tryToOpen();
    },
  };
};

/** Nothing is announced on it: its listener is told when the connection goes and returns. */
const pulse = defineTopic<null>('system.pulse');

/** Whether announcements can go out and come in. */
export const brokerProbe = (broker: Broker): Probe => ({
  name: 'pubsub',
  async probe() {
    await broker.ping();
    return { level: 'HEALTHY' };
  },
  onChange(listener) {
    const address = { tenantId: '', key: '' };
    const heard = { onEvent() {}, onInterrupted: listener, onLive: listener };
    const listening = broker.listen(pulse, address, heard);
    return () => listening.close();
  },
});
