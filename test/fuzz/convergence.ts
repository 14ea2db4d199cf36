import { createClient, type TestClient } from '../support/client.ts';
import { randomSplice } from '../support/edits.ts';
import { type CuttingProxy, startProxy } from '../support/proxy.ts';
import { Random } from '../support/random.ts';
import { createSharedText, type SharedText, socketLink } from '../support/shared-text.ts';
import { delay, type FaultyLink, withFaults } from './faults.ts';
import { type RecordedLink, recorded } from './recorded.ts';
import { createShared } from './shared.ts';
import { readStored, verifyStored } from './verify.ts';

/** Local edits of all clients together. */
const EDITS = 200;

export interface ConvergenceOptions {
  /** Of the instances; each client is given one. */
  readonly urls: readonly string[];
  /** Called between the phases of the editing, while changes are still on their way. */
  readonly betweenPhases?: () => Promise<void>;
  /** How the edits fall to the phases, in parts of one. */
  readonly phases?: readonly number[];
}

interface Peer {
  readonly client: TestClient;
  readonly sent: RecordedLink;
  readonly faults: FaultyLink;
  readonly text: SharedText;
  readonly random: Random;
}

/**
 * 2 to 8 replicas edit a new document over real sockets, with delays, doubled changes, dropped sockets and cut
 * connections; in the end all must be equal, and equal to what the server holds. Rejects otherwise.
 */
export async function converge(seed: number, options: ConvergenceOptions): Promise<void> {
  const { urls, betweenPhases = async () => {}, phases = [1] } = options;
  const random = new Random(seed);
  const documentId = `seed-${seed}`;
  const users = ['ada', 'grace', 'linus'].slice(0, random.between(1, 3));
  const owner = createClient({ url: random.pick(urls), userId: 'ada' });
  const proxies: CuttingProxy[] = [];
  const peers: Peer[] = [];
  try {
    await createShared(owner, documentId, users);
    for (let number = crowd(random); number > 0; number -= 1) {
      let url = random.pick(urls);
      const own = new Random(seed * 100 + number);
      if (random.chance(0.4)) {
        const proxy = await startProxy(url, () => own.between(3_000, 60_000));
        proxies.push(proxy);
        url = proxy.url;
      }
      peers.push(
        await connect({ url, userId: random.pick(users), documentId, name: `peer-${number}`, random: own }),
      );
    }

    for (const [index, part] of phases.entries()) {
      if (index > 0) await betweenPhases();
      const each = Math.ceil((EDITS * part) / peers.length);
      await Promise.all(peers.map((peer) => edit(peer, each)));
    }

    for (const proxy of proxies) proxy.heal();
    for (const { faults } of peers) faults.heal();
    await Promise.all(peers.map(({ text }) => text.saved()));
    const stored = await readStored(owner, documentId);
    await Promise.all(peers.map(({ text }) => text.reached(stored.revision)));

    for (const [index, { text }] of peers.entries()) {
      if (text.text === stored.content && text.revision === stored.revision) continue;
      throw new Error(
        `replica ${index} at ${text.revision} has ${JSON.stringify(text.text)}, the server at ${stored.revision} ${JSON.stringify(stored.content)}`,
      );
    }
    verifyStored(
      stored,
      peers.map(({ client, sent }) => ({ userId: client.userId, answers: sent.answers })),
    );
  } finally {
    await Promise.all(peers.map(({ text }) => text.close()));
    await Promise.all([owner.close(), ...peers.map(({ faults }) => faults.close())]);
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
}

/** 2 to 8, mostly few: what each one sends goes to all. */
const crowd = (random: Random): number => Math.min(random.between(2, 8), random.between(2, 8));

async function connect(peer: {
  url: string;
  userId: string;
  documentId: string;
  name: string;
  random: Random;
}): Promise<Peer> {
  const { url, userId, documentId, name, random } = peer;
  const client = createClient({ url, userId, clientId: name });
  const sent = recorded(socketLink(client, documentId, { retryMs: 10 }));
  const faults = withFaults(sent, { client, random });
  let changes = 0;
  const text = await createSharedText(faults, {
    newChangeId: () => `${name}-${(changes += 1)}`,
    presence: false,
  });
  return { client, sent, faults, text, random };
}

/** A person who types: now faster than the network, now waiting for it, now without it. */
async function edit({ client, text, random }: Peer, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    text.edit(randomSplice(random, text.text));
    if (random.chance(0.02)) client.drop();
    if (random.chance(0.2)) await text.saved();
    else await delay(random);
  }
}
