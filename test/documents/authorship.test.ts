import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthoredRange, type AuthoredSpan, author, rangesOf } from '../../src/documents/authorship.ts';
import type { DocumentChange } from '../../src/documents/change.ts';
import { createDesk, type Desk, type Person, type Service } from '../support/documents.ts';
import { randomSplice } from '../support/edits.ts';
import { Random } from '../support/random.ts';

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
  it('agrees with a model that remembers each unit, on random edits', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = new Random(seed);
      let text = '';
      let units: readonly Unit[] = [];
      let spans: readonly AuthoredSpan[] = [];
      for (let revision = 1; revision <= 60; revision += 1) {
        const splice = randomSplice(random, text);
        const ids = { documentId: 'd', clientId: null, changeId: 'c', timestamp: 0, epoch: 0 };
        const change = { ...ids, ...splice, userId: random.pick(['ada', 'bob', 'cyd']), revision };
        const { position, length, content } = splice;
        text = text.slice(0, position) + content + text.slice(position + length);
        units = unitsAfter(units, change);
        spans = author(spans, change);
        const ranges = rangesOf(spans);
        const message = `seed ${seed}, revision ${revision}`;
        expect(lettersOf(ranges), message).toBe(letters(units.map(([userId]) => userId)));
        expect(flaws(ranges, units, revision), message).toEqual([]);
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
});
