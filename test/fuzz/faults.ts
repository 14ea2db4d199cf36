import { setImmediate, setTimeout } from 'node:timers/promises';
import type { TestClient } from '../support/client.ts';
import type { Random } from '../support/random.ts';
import type { SocketLink } from '../support/shared-text.ts';

/** Lets other work of the process go first: mostly turns of the event loop, sometimes a millisecond or two. */
export async function delay(random: Random): Promise<void> {
  if (random.chance(0.1)) await setTimeout(random.between(1, 3));
  for (let turns = random.between(0, 6); turns > 0; turns -= 1) await setImmediate();
}

/** A link with what a network does to it. */
export interface FaultyLink extends SocketLink {
  /** Sends each change once, and drops no more sockets, from now on. */
  heal(): void;
}

export interface FaultsOptions {
  readonly client: TestClient;
  readonly random: Random;
}

/** Delays what comes and what goes, sends changes twice, and drops the socket before an answer, or among the changes. */
export function withFaults(link: SocketLink, { client, random }: FaultsOptions): FaultyLink {
  let faulty = true;
  const happens = (probability: number): boolean => faulty && random.chance(probability);

  return {
    ...link,
    heal() {
      faulty = false;
    },
    async *changes(after, signal) {
      for await (const change of link.changes(after, signal)) {
        await delay(random);
        yield change;
        if (happens(0.01)) client.drop();
      }
    },
    async send(change, signal) {
      await delay(random);
      const first = link.send(change, signal);
      const second = happens(0.15) ? link.send(change, signal) : null;
      // They may fail before they are awaited, or without ever being awaited.
      first.catch(() => {});
      second?.catch(() => {});
      if (happens(0.05)) {
        await delay(random);
        client.drop();
      }
      // Either answer will do.
      const answer = await (second && random.chance(0.5) ? second : first);
      await delay(random);
      return answer;
    },
  };
}
