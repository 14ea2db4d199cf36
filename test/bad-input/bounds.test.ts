import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APPLY, APPLY_ALL, insert } from './changes.ts';
import { CURSOR, JOIN, MOVE } from './collaboration.ts';
import { DOCUMENT_CHARS, type Stage, setStage } from './stage.ts';

const CREATE =
  'mutation ($input: CreateDocumentInput!) { createDocument(input: $input) { id title revision contentLength } }';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

describe.each(['http', 'socket'] as const)('[P11] what is just allowed by %s:', (name) => {
  const ask = async (query: string, variables?: object): Promise<unknown> => {
    const { data, errors } = await stage.ask(stage[name], 'ada', query, variables);
    expect(errors).toBeUndefined();
    return data;
  };
  const create = (id: string, content = '') => ask(CREATE, { input: { id, title: 'Bounds', content } });
  const applied = (revision: number) => ({ applyDocumentChange: { revision } });

  it('64 KB in one change, of any characters, and not one more', async () => {
    const id = `long-${name}`;
    await create(id);
    const longest = '🎈'.repeat(32_768);
    expect(await ask(APPLY, { id, change: insert(0, longest) })).toEqual(applied(1));
    const change = { changeType: 'REPLACE', position: 0, length: 65_536, content: 'x'.repeat(65_536) };
    expect(await ask(APPLY, { id, change })).toEqual(applied(2));
    const refused = await stage.ask(stage[name], 'ada', APPLY, {
      id,
      change: { ...change, content: `${change.content}x` },
    });
    expect(refused.errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'PAYLOAD_TOO_LARGE', argument: 'change' },
    ]);
    expect(await ask(`{ document(id: "${id}") { revision contentLength } }`)).toEqual({
      document: { revision: 2, contentLength: 65_536 },
    });
  });

  it('a document as long as one may be, and changes that do not make it longer', async () => {
    const id = `full-${name}`;
    expect(await create(id, 'x'.repeat(DOCUMENT_CHARS))).toMatchObject({
      createDocument: { contentLength: DOCUMENT_CHARS },
    });
    const change = { changeType: 'REPLACE', position: DOCUMENT_CHARS - 1, length: 1, content: 'y' };
    expect(await ask(APPLY, { id, change })).toEqual(applied(2));
  });

  it('a thousand changes in one call', async () => {
    const id = `thousand-${name}`;
    await create(id, '.'.repeat(2_000));
    const changes = Array.from({ length: 1_000 }, (_, index) => ({
      changeType: 'REPLACE',
      position: index * 2,
      length: 1,
      content: '-',
    }));
    expect(await ask(APPLY_ALL, { id, changes })).toEqual({ applyDocumentChanges: { revision: 1_001 } });
  });

  it('the ends of the text, and the sides of a surrogate pair', async () => {
    const id = `ends-${name}`;
    await create(id, '🎈');
    for (const [revision, position] of [
      [2, 2],
      [3, 0],
    ] as const)
      expect(await ask(APPLY, { id, change: insert(position, 'x') })).toEqual(applied(revision));
    const everything = { changeType: 'DELETE', position: 0, length: 4 };
    expect(await ask(APPLY, { id, change: everything, base: 3 })).toEqual(applied(4));
    expect(
      await ask(
        `{ document(id: "${id}") { content contentAt(revision: 0) changes(after: 4) { revision } } }`,
      ),
    ).toEqual({ document: { content: '', contentAt: '', changes: [] } });
  });

  it('an id of 128 characters, and a title of 500', async () => {
    const id = `${name}.:_-`.padEnd(128, 'x');
    const title = '🎈'.repeat(250);
    expect(await ask(CREATE, { input: { id, title } })).toMatchObject({ createDocument: { id, title } });
    expect(await ask(APPLY, { id, change: insert(0, 'x'), changeId: id, clientId: id })).toEqual(applied(1));
  });

  it('a selection of 1,000 characters and a cursor past the end of the text', async () => {
    const id = `cursor-${name}`;
    await create(id);
    const position = { ...CURSOR, position: 2 ** 31 - 1, selection: 'x'.repeat(1_000), selectionEnd: 0 };
    expect(await ask(MOVE, { id, position })).toEqual({ updateCursorPosition: true });
  });

  it('30 aliases, and 100 documents on a page', async () => {
    const aliases = Array.from({ length: 30 }, (_, index) => `a${index}: viewer { tenantId }`);
    expect(Object.keys((await ask(`{ ${aliases.join(' ')} }`)) as object)).toHaveLength(30);
    expect(await ask('{ documents(first: 100) { edges { node { id } } } }')).toBeDefined();
  });

  it('__proto__ and constructor, which are ids like any other', async () => {
    for (const property of ['__proto__', 'constructor']) {
      const id = `${property}-${name}`;
      await create(property);
      await create(id);
      await ask(
        'mutation ($id: ID!) { addCollaborator(documentId: $id, userId: "__proto__", role: EDITOR) { id } }',
        { id },
      );
      const asProto = (query: string, variables: object) =>
        stage.ask(stage[name], 'proto', query, { id, clientId: property, ...variables });
      expect((await asProto(APPLY, { change: insert(0, 'x'), changeId: property })).data).toEqual(applied(1));
      expect((await asProto(JOIN, {})).errors).toBeUndefined();
      expect((await asProto(MOVE, { position: CURSOR })).errors).toBeUndefined();
      const session = await ask(`{ collaborativeSession(documentId: "${id}") { activeUsers userCursors } }`);
      expect(JSON.stringify(session)).toContain('"activeUsers":["__proto__"],"userCursors":{"__proto__":{');
      expect(Object.keys(Object.prototype)).toEqual([]);
    }
    await stage.expectUntouched(stage[name]);
  });
});
