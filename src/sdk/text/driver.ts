import type { ChangeSet } from '@codemirror/state';
import { type Clock, pause } from '../clock.ts';
import { ConnectionLost, OperationError } from '../errors.ts';
import type { ChangeFieldsFragment } from '../generated.ts';
import type { Answer, TextLink } from './link.ts';
import type { OutgoingChange } from './outgoing.ts';
import type { Replica } from './replica.ts';
import type { Waiting } from './waiting.ts';

/** Milliseconds before a change is sent again over a connection that says of itself that it was never lost. */
const RESEND_MS = 1_000;

/** What ends it all, but says nothing about the change: another day it may be taken. */
const PASSING_REFUSALS = ['UNAUTHENTICATED', 'INTERNAL_SERVER_ERROR'];

/** The server refused a change for good; it is still in the replica. */
export class ChangeRefused extends Error {
  override readonly name = 'ChangeRefused';
  override readonly cause: OperationError;

  constructor(cause: OperationError) {
    super(cause.message);
    this.cause = cause;
  }
}

export interface DriverOptions {
  readonly link: TextLink;
  readonly replica: Replica;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Looked at by `progressed`. */
  readonly waiting: Waiting;
  /** Awaited before a change is sent. */
  readonly beforeSend: () => Promise<void>;
  /** Told of each revision with what it does to the text; null for one's own. */
  readonly onReceived: (logged: ChangeFieldsFragment, change: ChangeSet | null) => void;
  /** Something has moved: a revision came, a change was taken or answered. */
  readonly progressed: () => void;
}

/** What brings a replica and the server together. */
export interface Driver {
  /** True while a change has been sent and its answer has not come. */
  readonly unanswered: boolean;
  /** Rejects with what makes it impossible to go on. */
  run(): Promise<never>;
}

/**
 * Reads the log on from the replica's revision, and sends one change at a time: as it is, with the same id, until it
 * is answered. One that lies too far behind is mapped here, over the log, and sent anew.
 */
export function createDriver(options: DriverOptions): Driver {
  const { link, replica, clock, signal, waiting, beforeSend, onReceived, progressed } = options;
  let unanswered = false;

  const isConnected = (): boolean => link.connection.current.state === 'connected';

  async function receive(): Promise<never> {
    for await (const logged of link.changes(replica.revision, signal)) {
      if (signal.aborted) break;
      const change = replica.receive(logged);
      onReceived(logged, change);
      progressed();
    }
    throw new Error('The log has ended.');
  }

  /** The answer to a change, however long it takes; null when it lies too far behind and was not applied. */
  async function deliver(outgoing: OutgoingChange): Promise<Answer | null> {
    for (;;) {
      try {
        return await link.send(outgoing, signal);
      } catch (error) {
        if (error instanceof OperationError && error.code === 'RESYNC_REQUIRED') return null;
        if (error instanceof OperationError && !PASSING_REFUSALS.includes(error.code)) {
          throw new ChangeRefused(error);
        }
        if (!(error instanceof ConnectionLost) || link.connection.current.state === 'closed') throw error;
      }
      if (isConnected()) await pause(clock, RESEND_MS, signal);
      await waiting.until(isConnected);
    }
  }

  /** Maps the change in flight over all that the server has by now, and puts it back before what waits. */
  async function resync(): Promise<void> {
    const head = await link.head(replica.revision);
    await waiting.until(() => replica.revision >= head);
    replica.recall();
  }

  async function send(): Promise<never> {
    for (;;) {
      // What a draft has in flight was perhaps sent before: it is sent again.
      const outgoing = replica.inFlight ?? replica.takeOutgoing();
      // Without one there is nothing left to send: local edits that undid each other.
      progressed();
      if (!outgoing) {
        await waiting.until(() => !replica.saved);
        continue;
      }
      unanswered = true;
      await beforeSend();
      const answer = await deliver(outgoing);
      if (answer) replica.acknowledge(answer);
      else await resync();
      unanswered = false;
      progressed();
      await waiting.until(() => replica.inFlight === null);
    }
  }

  return {
    get unanswered() {
      return unanswered;
    },
    async run() {
      const unsubscribe = link.connection.subscribe(progressed);
      try {
        return await Promise.race([receive(), send()]);
      } finally {
        unsubscribe();
      }
    },
  };
}
