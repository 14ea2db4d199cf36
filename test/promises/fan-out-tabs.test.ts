import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/raw-socket.ts';
import { openStage, type Stage } from './fan-out-stage.ts';
import { createDocument, insert, type Result, type Stream } from './guest.ts';

const SELECTION = '{ revision content }';
/** The same selection, asked for in all the ways that only say where a stream begins and what it leaves out. */
const QUERIES = {
  variables: `subscription Tab($id: ID!, $after: Int, $echo: Boolean! = false, $clientId: ID) {
    documentChanges(documentId: $id, after: $after, echo: $echo, clientId: $clientId) ${SELECTION}
  }`,
  literals: `subscription { documentChanges(after: 1, documentId: "tabs") ${SELECTION} }`,
  named: `subscription Other($from: Int) { documentChanges(documentId: "tabs", after: $from, clientId: "one") ${SELECTION} }`,
  amongOthers: `query Unused { viewer { tenantId } }
    subscription Used { documentChanges(documentId: "tabs", echo: true, after: 0) ${SELECTION} }`,
} as const;
const RICH =
  'subscription { documentChanges(documentId: "tabs", after: 0, echo: true) { revision content user { name } } }';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterEach(() => stage.leaveAll());
afterAll(() => stage.close());

const contentsOf = ({ results }: Stream): unknown[] =>
  results.map(({ data }: Result) => (data?.['documentChanges'] as { content: string } | undefined)?.content);
const has = (stream: Stream, content: string): Promise<void> =>
  until(() => contentsOf(stream).includes(content), `${content} has come`);

describe('[P4] tabs of one user in one group', () => {
  it('each get the other’s changes and not their own, while neither echo, clientId, after nor names split the group', async () => {
    const ada = await stage.enter('ada');
    await createDocument(ada, 'tabs', { content: 'first', editors: ['bob'] });
    const [one, two, unnamed, bob] = await Promise.all([
      stage.enter('ada', { clientId: 'one' }),
      stage.enter('ada', { clientId: 'two' }),
      stage.enter('ada'),
      stage.enter('bob', { clientId: 'one' }),
    ]);
    const streams = {
      one: one.subscribe(QUERIES.variables, { id: 'tabs', after: 1 }),
      two: two.subscribe(QUERIES.literals),
      // The argument goes before what the connection has said.
      twoAsOne: two.subscribe(QUERIES.variables, { id: 'tabs', after: 0, clientId: 'one' }),
      named: unnamed.subscribe(QUERIES.named, { from: 1 }),
      unnamed: unnamed.subscribe(QUERIES.variables, { id: 'tabs', after: 1 }),
      echo: one.subscribe(QUERIES.variables, { id: 'tabs', after: 1, echo: true }),
      bob: bob.subscribe(QUERIES.variables, { id: 'tabs', after: 0, echo: false }),
    } satisfies Record<string, Stream>;
    const count = Object.keys(streams).length;
    await until(() => stage.counts().subscribers === count, 'all have subscribed');
    expect(stage.counts()).toMatchObject({ feeds: 1, groups: 1, audiences: 1 });

    await insert(one, 'tabs', 'of one');
    await insert(two, 'tabs', 'of two');
    await insert(unnamed, 'tabs', 'of no tab');
    await insert(bob, 'tabs', 'of bob');
    const end = await stage.enter('bob', { clientId: 'end' });
    await insert(end, 'tabs', 'end');
    for (const stream of Object.values(streams)) await has(stream, 'end');
    const seen = Object.entries(streams).map(([name, stream]) => [name, contentsOf(stream).join(', ')]);
    expect(Object.fromEntries(seen)).toEqual({
      one: 'of two, of no tab, of bob, end',
      two: 'of one, of no tab, of bob, end',
      twoAsOne: 'first, of two, of no tab, of bob, end',
      named: 'of two, of no tab, of bob, end',
      unnamed: 'of bob, end',
      echo: 'of one, of two, of no tab, of bob, end',
      bob: 'first, of one, of two, of no tab, end',
    });
    expect(stage.counts()).toMatchObject({ feeds: 1, groups: 1, audiences: 1, subscribers: count });
  });

  it('take each other’s turn of changes while both write at once', async () => {
    const ada = await stage.enter('ada');
    await createDocument(ada, 'both', { content: 'first' });
    const [one, two] = await Promise.all([
      stage.enter('ada', { clientId: 'one' }),
      stage.enter('ada', { clientId: 'two' }),
    ]);
    const [ones, twos] = [one, two].map((tab) =>
      tab.subscribe(QUERIES.variables, { id: 'both', after: 1 }),
    ) as [Stream, Stream];
    const names = Array.from({ length: 60 }, (_, index) => String(index));
    await Promise.all(
      names.flatMap((name) => [insert(one, 'both', `one ${name}`), insert(two, 'both', `two ${name}`)]),
    );
    await insert(ada, 'both', 'end');
    for (const stream of [ones, twos]) await has(stream, 'end');
    expect(contentsOf(ones)).toEqual([...names.map((name) => `two ${name}`), 'end']);
    expect(contentsOf(twos)).toEqual([...names.map((name) => `one ${name}`), 'end']);
    expect(stage.counts()).toMatchObject({ groups: 1, audiences: 1, subscribers: 2 });
  });

  it('are in another group where they select something else', async () => {
    const ada = await stage.enter('ada');
    await createDocument(ada, 'tabs', { content: 'first', editors: ['bob'] });
    const [one, two] = await Promise.all([
      stage.enter('ada', { clientId: 'one' }),
      stage.enter('ada', { clientId: 'two' }),
    ]);
    // The same socket may be in both.
    const streams = [QUERIES.amongOthers.split('\n')[1]!, RICH].flatMap((query) => [
      one.subscribe(query),
      two.subscribe(query),
    ]);
    await until(() => stage.counts().subscribers === 4, 'all have subscribed');
    expect(stage.counts()).toMatchObject({ feeds: 1, groups: 2, audiences: 2 });
    await insert(ada, 'tabs', 'last');
    for (const stream of streams) await has(stream, 'last');
    const [plain, , rich] = streams.map(({ results }) => results.at(-1)?.data?.['documentChanges']);
    expect(Object.keys(plain as object)).toEqual(['revision', 'content']);
    expect(Object.keys(rich as object)).toEqual(['revision', 'content', 'user']);
  });
});
