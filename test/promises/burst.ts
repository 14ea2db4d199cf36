import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  AddCollaboratorDocument,
  ApplyDocumentChangeDocument,
  DeleteDocumentDocument,
  RemoveCollaboratorDocument,
} from '../../src/sdk/generated.ts';
import { createShared } from '../fuzz/shared.ts';
import { createClient, OperationError, type TestClient } from '../support/client.ts';
import { Random } from '../support/random.ts';
import { until } from '../support/raw-socket.ts';
import { openReader, type Reader, type ReaderOptions, SELECTIONS } from './burst-reader.ts';
import type { LoggedChange, Stage } from './burst-stage.ts';
import type { Way } from './guest.ts';

/** Who loses access, and who keeps it. */
const RITA = 'rita';
const USERS = ['ada', 'bob', 'cem', 'otto', RITA];

/** What ada does in the middle of the burst. */
const ENDINGS = [['remove'], ['remove'], ['remove', 'add'], ['remove', 'add', 'remove'], ['delete']] as const;
type Step = (typeof ENDINGS)[number][number];

/** How many readers have come to which end: without some of each, nothing was shown. */
export interface Tally {
  /** Were let go with FORBIDDEN when they had some changes of the log and not all. */
  midway: number;
  /** Were let go with NOT_FOUND, the document having been deleted. */
  deleted: number;
  /** Have read the whole log. */
  whole: number;
}

interface Burst {
  readonly documentId: string;
  readonly steps: readonly Step[];
  /** The epoch that the last removal, or the deletion, began. */
  boundary: number;
  /** Epochs in which rita had no access. */
  readonly closedEpochs: Set<number>;
  /** True when the last step was acknowledged: what is sent from now on is marked. */
  isOver: boolean;
}

const isRefused = (error: unknown): boolean =>
  error instanceof OperationError && ['FORBIDDEN', 'NOT_FOUND'].includes(error.code);

const markOf = ({ isOver }: Burst): string => (isOver ? 'after' : 'before');

/** One writer's share of a burst, in rounds of a few changes at once. Ends when the writer may not write any more. */
async function write(
  client: TestClient,
  burst: Burst,
  {
    random,
    rounds,
    filling,
    onAnswer,
  }: { random: Random; rounds: number; filling: string; onAnswer: () => void },
): Promise<void> {
  const send = async (): Promise<void> => {
    const content = `${markOf(burst)} ${client.userId} ${filling}`;
    const change = { changeType: 'INSERT' as const, position: 0, content };
    await client.request(ApplyDocumentChangeDocument, { documentId: burst.documentId, change });
    onAnswer();
  };
  try {
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(Array.from({ length: random.between(1, 6) }, send));
      if (random.chance(0.2)) await setImmediate();
    }
  } catch (error) {
    if (!isRefused(error)) throw error;
  }
}

/** Ada ends rita's access, or everybody's, and notes the epochs. */
async function endAccess(ada: TestClient, burst: Burst, stage: Stage): Promise<void> {
  const { documentId } = burst;
  for (const step of burst.steps) {
    if (step === 'remove') await ada.request(RemoveCollaboratorDocument, { documentId, userId: RITA });
    if (step === 'add') {
      await ada.request(AddCollaboratorDocument, { documentId, userId: RITA, role: 'EDITOR' });
      continue;
    }
    if (step === 'delete') await ada.request(DeleteDocumentDocument, { id: documentId });
    // Nobody else changes it.
    burst.boundary = await stage.epochOf(documentId);
    burst.closedEpochs.add(burst.boundary);
  }
  burst.isOver = true;
}

/** Things that happen at certain acknowledgements of a burst. */
function createScript() {
  const scenes: { readonly at: number; readonly play: () => Promise<void> | void }[] = [];
  const playing: Promise<void>[] = [];
  let answers = 0;

  const play = (until: number): void => {
    for (let scene = scenes[0]; scene && scene.at <= until; scene = scenes[0]) {
      scenes.shift();
      playing.push(Promise.resolve(scene.play()));
      // It is awaited in the end.
      playing.at(-1)?.catch(() => {});
    }
  };

  return {
    at(answer: number, scene: () => Promise<void> | void): void {
      scenes.push({ at: answer, play: scene });
      scenes.sort((one, other) => one.at - other.at);
    },
    onAnswer(): void {
      answers += 1;
      play(answers);
    },
    /** Plays what is left, and waits for all. */
    async finish(): Promise<void> {
      play(Number.POSITIVE_INFINITY);
      await Promise.all(playing);
    },
  };
}

/**
 * Several write at once, many read, live and behind, and in the middle of it ada takes one of them out (or deletes the
 * document). Rejects unless the others see every revision, and whoever lost access sees nothing of a later epoch than
 * the one before, and is told why as the last thing.
 */
export async function surviveRevocation(seed: number, stage: Stage, tally: Tally): Promise<void> {
  const random = new Random(seed);
  const documentId = `burst-${seed}`;
  const burst: Burst = {
    documentId,
    steps: random.pick(ENDINGS),
    boundary: Number.POSITIVE_INFINITY,
    closedEpochs: new Set(),
    isOver: false,
  };
  const isHushed = stage.urls.length > 1 && random.chance(0.4);
  const isLarge = random.chance(0.1);
  const filling = '.'.repeat(isLarge ? 30_000 : random.pick([1, 1, 400]));
  const rounds = isLarge ? 6 : random.between(6, 16);
  const clients: TestClient[] = [];
  const readers: Reader[] = [];
  let letGo = (): void => {};
  const clientOf = (userId: string): TestClient => {
    const client = createClient({ url: random.pick(stage.urls), userId });
    clients.push(client);
    return client;
  };
  const readerOf = (userId: string, after: number | null): ReaderOptions => ({
    url: random.pick(stage.urls),
    way: random.pick<Way>(['socket', 'socket', 'event stream']),
    userId,
    documentId,
    after,
    selection: random.pick(SELECTIONS),
  });

  try {
    const ada = clientOf('ada');
    await createShared(ada, documentId, USERS);
    // The log's past is read in pages, the first of which has 50 revisions.
    const before = isHushed ? random.between(60, 90) : random.between(1, 20);
    const past = { changeType: 'INSERT' as const, position: 0, content: `before ada ${filling}` };
    const prepare = () => ada.request(ApplyDocumentChangeDocument, { documentId, change: past });
    await Promise.all(Array.from({ length: before - 1 }, prepare));

    const people = [
      RITA,
      RITA,
      'otto',
      ...Array.from({ length: random.between(0, 4) }, () => random.pick(USERS)),
    ];
    const wishes = people.map((userId) =>
      readerOf(userId, random.pick([null, 0, random.between(0, before)])),
    );
    readers.push(...(await Promise.all(wishes.map(openReader))));

    const script = createScript();
    // About so many acknowledgements come.
    const answers = 3 * rounds * 3;
    const end = random.between(1, answers);
    if (isHushed) {
      // The other instance hears late of what happens, while some there have just begun to read the past.
      for (let count = 3; count > 0; count -= 1) {
        const wish = readerOf(RITA, 0);
        script.at(Math.max(1, end - random.between(0, 12)), async () => {
          readers.push(await openReader(wish));
        });
      }
      script.at(Math.max(1, end - random.between(0, 10)), () => {
        letGo = stage.hush();
      });
      script.at(end + random.between(0, rounds * 3), () => letGo());
    }
    script.at(end, () => endAccess(ada, burst, stage));
    for (let late = random.between(0, 4); late > 0; late -= 1) {
      const wish = readerOf(random.pick([RITA, 'otto', 'bob']), 0);
      script.at(random.between(1, answers), async () => void readers.push(await openReader(wish)));
    }
    for (const reader of readers.filter(() => random.chance(0.4))) {
      const [from, to] = [random.between(1, answers), random.between(1, 2 * answers)];
      script.at(Math.min(from, to), () => reader.pause());
      script.at(Math.max(from, to), () => reader.resume());
    }

    const writers = ['ada', 'bob', random.pick(['cem', RITA])].map(clientOf);
    await Promise.all(
      writers.map((client, index) =>
        write(client, burst, {
          random: new Random(seed * 8 + index),
          rounds,
          filling,
          onAnswer: () => script.onAnswer(),
        }),
      ),
    );
    await script.finish();
    await write(ada, burst, { random, rounds: 1, filling, onAnswer: () => {} });
    await judge(burst, await stage.logOf(documentId), readers, tally);
  } finally {
    letGo();
    for (const reader of readers) reader.close();
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** Looks at everything that everybody has got, once they have got it. */
async function judge(
  burst: Burst,
  log: readonly LoggedChange[],
  readers: readonly Reader[],
  tally: Tally,
): Promise<void> {
  const isDeleted = burst.steps.at(-1) === 'delete';
  const staysOut = burst.steps.at(-1) === 'remove';
  const last = log.length;
  if (staysOut && !log.some(({ content, epoch }) => content.startsWith('after') && epoch >= burst.boundary)) {
    throw new Error('nothing was written after the removal: the seed shows nothing');
  }
  for (const { content, userId, epoch, revision } of log) {
    if (content.startsWith('after') && epoch < burst.boundary) {
      throw new Error(`revision ${revision} was sent after the removal, and has an earlier epoch`);
    }
    if (userId === RITA && burst.closedEpochs.has(epoch)) {
      throw new Error(`revision ${revision} was written by who may not`);
    }
  }

  const hasAll = ({ changes }: Reader): boolean => changes.at(-1)?.revision === last;
  const mustEnd = ({ userId }: Reader): boolean => isDeleted || (staysOut && userId === RITA);
  const isDone = (reader: Reader): boolean =>
    reader.faults.length > 0 || reader.endedWith !== null || (!mustEnd(reader) && hasAll(reader));
  const describe = ({ way, userId, after, selection, changes, endedWith, faults }: Reader): string =>
    `a reader (${way}, ${userId}, after ${after}, { ${selection} }, ${changes.length} changes up to ${changes.at(-1)?.revision} of ${last}, ended with ${endedWith}, ${faults.join('; ')})`;
  await until(() => readers.every(isDone), 'all readers have come to their end').catch((error: unknown) => {
    const late = readers.filter((reader) => !isDone(reader));
    throw new Error(`${String(error)}: ${late.map(describe).join('\n')}`);
  });

  for (const reader of readers) {
    const { userId, after, changes, endedWith, faults } = reader;
    const fail = (why: string): never => {
      throw new Error(`${why}: ${describe(reader)}; ${burst.steps.join(', ')}, boundary ${burst.boundary}`);
    };
    if (faults.length > 0) fail('a stream of a wrong form');
    const first = after === null ? (changes[0]?.revision ?? 1) : after + 1;
    const expected = log.slice(first - 1, first - 1 + changes.length);
    const isLog = isDeepStrictEqual(
      changes.map(({ revision, content }) => [revision, content]),
      expected.map(({ revision, content }) => [revision, content]),
    );
    if (!isLog) fail('not the log, from where it began');

    if (endedWith === null) {
      tally.whole += 1;
      continue;
    }
    if (!isDeleted && userId !== RITA) fail('ended, although it may read');
    if (expected.some(({ epoch }) => epoch >= burst.boundary))
      fail('delivered what came after the end of access');
    if (changes.some(({ content }) => content.startsWith('after'))) fail('delivered what was sent later');
    // Who came when access had ended already was not let in.
    const isLetIn = isDeleted || changes.length > 0;
    const codes = isDeleted ? ['NOT_FOUND'] : isLetIn ? ['FORBIDDEN'] : ['FORBIDDEN', 'NOT_FOUND'];
    if (!codes.includes(endedWith)) fail('ended for a wrong reason');
    if (isDeleted) tally.deleted += 1;
    else if (changes.length > 0 && !hasAll(reader)) tally.midway += 1;
  }
}
