import { DatabaseSync } from '@photostructure/sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthoredRange, Authorship } from '../../src/documents/authorship.ts';
import { createAuthorships } from '../../src/documents/authorships.ts';
import type { DocumentChange } from '../../src/documents/change.ts';
import { appendChanges } from '../../src/documents/log.ts';
import type { DocumentTables } from '../../src/documents/tables.ts';
import type { Splice } from '../../src/text/splice.ts';
import { createDesk, type Desk, type Person, type Service } from '../support/documents.ts';
import { randomSplice } from '../support/edits.ts';
import { Random } from '../support/random.ts';

interface Span {
  readonly userId: string;
  readonly length: number;
  readonly revision: number;
}

/** The spans after one more change, the simple way: each is looked at and copied. */
function spansAfter(spans: readonly Span[], change: DocumentChange): Span[] {
  const { position, length, content, userId, revision } = change;
  const result: Span[] = [];
  const push = (span: Span) => {
    if (span.length === 0) return;
    const last = result.at(-1);
    if (last?.userId !== span.userId) {
      result.push(span);
      return;
    }
    result[result.length - 1] = {
      userId: span.userId,
      length: last.length + span.length,
      revision: Math.max(last.revision, span.revision),
    };
  };
  const end = position + length;
  let at = 0;
  let placed = false;
  for (const span of spans) {
    const after = at + span.length;
    push({ ...span, length: Math.max(0, Math.min(after, position) - at) });
    if (!placed && after >= position) {
      push({ userId, length: content.length, revision });
      placed = true;
    }
    push({ ...span, length: Math.max(0, after - Math.max(at, end)) });
    at = after;
  }
  if (!placed) push({ userId, length: content.length, revision });
  return result;
}

function rangesOf(spans: readonly Span[]): AuthoredRange[] {
  let from = 0;
  return spans.map(({ userId, length, revision }) => {
    const range = { userId, from, to: from + length, revision };
    from = range.to;
    return range;
  });
}

const changeOf = (splice: Splice, userId: string, revision: number, documentId = 'd'): DocumentChange => ({
  ...splice,
  userId,
  revision,
  documentId,
  clientId: null,
  changeId: `c${revision}`,
  timestamp: 0,
  epoch: 0,
});

/** A log of two users who write in turn, a letter each, at random places. */
function alternatingLog(random: Random, count: number, documentId?: string): DocumentChange[] {
  return Array.from({ length: count }, (_, index) => {
    const splice = { position: random.between(0, index), length: 0, content: 'x' };
    return changeOf(splice, index % 2 === 0 ? 'ada' : 'bob', index + 1, documentId);
  });
}

/** One entry a code unit: who wrote it, and in which revision. */
type Unit = readonly [userId: string, revision: number];

const unitsAfter = (
  units: readonly Unit[],
  { position, length, content, userId, revision }: DocumentChange,
): Unit[] => [
  ...units.slice(0, position),
  ...Array.from({ length: content.length }, (): Unit => [userId, revision]),
  ...units.slice(position + length),
];

/** A letter a unit: the first of its author's name. */
const letters = (authors: readonly string[]) => authors.map((userId) => userId.charAt(0)).join('');
const lettersOf = (ranges: readonly AuthoredRange[]) =>
  letters(ranges.flatMap(({ userId, from, to }) => Array<string>(to - from).fill(userId)));

/** What is wrong with ranges of a text: gaps, empty ranges, neighbours of one user, an impossible revision. */
const flaws = (ranges: readonly AuthoredRange[], units: readonly Unit[], newest: number) =>
  ranges.filter(({ userId, from, to, revision }, index) => {
    const before = ranges[index - 1];
    const written = Math.max(...units.slice(from, to).map(([, of]) => of));
    const isFine = to > from && from === (before?.to ?? 0) && userId !== before?.userId;
    return !isFine || revision < written || revision > newest;
  });

describe('authorship', () => {
  it('agrees with a model that remembers each unit, and with the simple way, on random edits', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = new Random(seed);
      let text = '';
      let units: readonly Unit[] = [];
      let spans: readonly Span[] = [];
      const authorship = new Authorship();
      for (let revision = 1; revision <= 60; revision += 1) {
        const splice = randomSplice(random, text);
        const change = changeOf(splice, random.pick(['ada', 'bob', 'cyd']), revision);
        const { position, length, content } = splice;
        text = text.slice(0, position) + content + text.slice(position + length);
        units = unitsAfter(units, change);
        spans = spansAfter(spans, change);
        authorship.apply(change);
        const ranges = [...authorship.ranges()];
        const message = `seed ${seed}, revision ${revision}`;
        expect(ranges, message).toEqual(rangesOf(spans));
        expect([authorship.revision, authorship.size], message).toEqual([revision, ranges.length]);
        expect(lettersOf(ranges), message).toBe(letters(units.map(([userId]) => userId)));
        expect(flaws(ranges, units, revision), message).toEqual([]);
      }
    }
  });

  it('agrees with the simple way on texts of thousands of spans, small edits and large ones', () => {
    for (let seed = 1; seed <= 2; seed += 1) {
      const random = new Random(seed);
      let spans: readonly Span[] = [];
      let units = 0;
      const authorship = new Authorship();
      for (let revision = 1; revision <= 3000; revision += 1) {
        const position = random.between(0, units);
        const reach = revision > 1500 && random.chance(0.02) ? units : 3;
        const length = random.chance(0.3) ? Math.min(random.between(0, reach), units - position) : 0;
        const content = 'x'.repeat(random.between(length > 0 ? 0 : 1, 4));
        const change = changeOf({ position, length, content }, random.pick(['ada', 'bob', 'cyd']), revision);
        units += content.length - length;
        spans = spansAfter(spans, change);
        authorship.apply(change);
        const message = `seed ${seed}, revision ${revision}`;
        expect(authorship.size, message).toBe(spans.length);
        if (revision % 100 === 0) expect([...authorship.ranges()], message).toEqual(rangesOf(spans));
      }
    }
  });
});

describe('the authorship of a document', () => {
  let desk: Desk;
  let service: Service;
  let ada: Person;
  let bob: Person;

  beforeAll(async () => {
    desk = await createDesk();
    service = await desk.open();
    ada = service.as('ada');
    bob = service.as('bob');
  });
  afterAll(() => desk.close());

  const authorship = async (id: string) => service.documents.authorship(await ada.row(id));

  it('covers the whole text with who wrote what stands now', async () => {
    const id = await ada.create('0123456789');
    await service.documents.collaborators.add(ada.viewer, id, 'bob', 'EDITOR');
    expect(await authorship(id)).toEqual([{ userId: 'ada', from: 0, to: 10, revision: 1 }]);
    await bob.replace(id, 4, 2, 'XYZ');
    await ada.erase(id, 0, 1);
    expect(await authorship(id)).toEqual([
      { userId: 'ada', from: 0, to: 3, revision: 1 },
      { userId: 'bob', from: 3, to: 6, revision: 2 },
      { userId: 'ada', from: 6, to: 10, revision: 1 },
    ]);
    await ada.erase(id, 3, 3);
    await ada.insert(id, 7, 'end');
    expect(await authorship(id)).toEqual([{ userId: 'ada', from: 0, to: 10, revision: 5 }]);
    expect(await service.documents.authorship({ ...(await ada.row(id)), revision: 2 })).toHaveLength(3);
    expect(await authorship(await ada.create(''))).toEqual([]);
  });

  it('is worked out over a log of many pages, and from where it was left', async () => {
    const id = await ada.create('');
    await service.documents.collaborators.add(ada.viewer, id, 'bob', 'EDITOR');
    let units: readonly Unit[] = [];
    for (const count of [1500, 1, 0, 700]) {
      const random = new Random(count + 1);
      const newest = (await ada.row(id)).length;
      const made = await Promise.all(
        Array.from({ length: count }, () =>
          random.pick([ada, bob]).insert(id, random.between(0, newest), random.pick(['a', 'bc', 'déf'])),
        ),
      );
      for (const change of made.flatMap(({ changes }) => changes)) units = unitsAfter(units, change);
      expect(lettersOf(await authorship(id))).toBe(letters(units.map(([userId]) => userId)));
    }
  });

  /** A document with this log, put where the service reads it. */
  async function documentOf(count: number, seed: number) {
    const id = await ada.create('');
    const log = alternatingLog(new Random(seed), count, id);
    await service.query
      .transaction()
      .execute((transaction) => appendChanges(transaction, { tenantId: 'acme', documentId: id }, log));
    return { log, row: { ...(await ada.row(id)), revision: count } };
  }

  it('lets the event loop turn while a long log of two users in turn is worked out', async () => {
    const { log, row } = await documentOf(20_000, 1);
    // Read in this very thread, so that no turn of the event loop is owed to waiting for the database.
    const file = new DatabaseSync(desk.file);
    const query = new Kysely<DocumentTables>({
      dialect: new SqliteDialect({
        database: {
          prepare: (sql) => {
            const statement = file.prepare(sql);
            return {
              reader: true,
              all: (parameters) => statement.all(...parameters) as unknown[],
              run: () => ({ changes: 0, lastInsertRowid: 0 }),
              iterate: () => [][Symbol.iterator](),
            };
          },
          close: () => file.close(),
        },
      }),
    });
    let isDone = false;
    let turns = 0;
    const count = () => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const ranges = await createAuthorships(query)
      .of(row)
      .finally(() => {
        isDone = true;
        return query.destroy();
      });
    expect(turns).toBeGreaterThan(3);
    const expected = new Authorship();
    for (const change of log) expected.apply(change);
    expect(ranges).toEqual([...expected.ranges()]);
    expect(ranges.length).toBeGreaterThan(5_000);
  });

  it('is right for each of many who ask at once, for the same revision, a newer one and an older one', async () => {
    const { log, row } = await documentOf(800, 2);
    const revisions = [600, 600, 800, 300, 600, 800, 800, 1];
    const answers = await Promise.all(
      revisions.map((revision) => service.documents.authorship({ ...row, revision })),
    );
    const expected = revisions.map((revision) =>
      rangesOf(log.slice(0, revision).reduce<Span[]>(spansAfter, [])),
    );
    expect(answers).toEqual(expected);
    expect(answers[1]).toBe(answers[0]);
  });
});
