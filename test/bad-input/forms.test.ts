import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FORM_HEADERS, file, formOf, map, operations } from '../support/form.ts';
import { type Person, type Stage, setStage } from './stage.ts';
import type { Answer } from './transports.ts';

/** LIMIT_UPLOAD_BYTES as it is by default. */
const UPLOAD_BYTES = 26_214_400;

const UPLOAD =
  'mutation ($file: File!, $title: String) { uploadDocument(file: $file, title: $title) { id title revision contentLength } }';
const LIST = '{ documents { totalCount } }';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(async () => {
  await stage.expectRestUntouched();
  await stage.close();
});

async function send(
  body: Uint8Array,
  { as = 'ada', headers = FORM_HEADERS }: { as?: Person; headers?: Record<string, string> } = {},
): Promise<{ status: number; answer: Answer }> {
  const token = await stage.token(as);
  const response = await fetch(`${stage.url}/graphql`, {
    method: 'POST',
    headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }) },
    body: new Uint8Array(body),
  });
  return { status: response.status, answer: (await response.json()) as Answer };
}

const upload = (content: string | Uint8Array, { title = null as string | null, name = 'a.txt' } = {}) =>
  formOf(
    operations({ query: UPLOAD, variables: { file: null, title } }),
    map({ 0: ['variables.file'] }),
    file('0', content, name),
  );

describe('[P11] an upload is refused, changes nothing, and the next request works:', () => {
  it.each<[what: string, body: () => Uint8Array, code: string, argument?: string]>([
    ['0 bytes', () => upload(''), 'BAD_USER_INPUT', 'file'],
    ['25 MB and one byte', () => upload(Buffer.alloc(UPLOAD_BYTES + 1)), 'PAYLOAD_TOO_LARGE'],
    ['a title of nothing', () => upload('text', { title: ' ' }), 'BAD_USER_INPUT', 'title'],
    ['a title with NUL', () => upload('text', { title: 'a\0b' }), 'BAD_USER_INPUT', 'title'],
    [
      'a dozen uploads and one more, of one part',
      () =>
        formOf(
          operations({
            query: `mutation ($file: File!) { ${Array.from({ length: 13 }, (_, index) => `a${index}: uploadDocument(file: $file) { id }`).join(' ')} }`,
            variables: { file: null },
          }),
          map({ 0: ['variables.file'] }),
          file('0'),
        ),
      'OPERATION_TOO_COMPLEX',
    ],
    [
      'a file for the title',
      () =>
        formOf(
          operations({ query: UPLOAD, variables: { file: null, title: null } }),
          map({ 0: ['variables.file'], 1: ['variables.title'] }),
          file('0'),
          file('1'),
        ),
      'BAD_USER_INPUT',
      'title',
    ],
    [
      'a prototype in the map',
      () =>
        formOf(
          operations({ query: UPLOAD, variables: { file: null } }),
          map({ 0: ['variables.__proto__.polluted'] }),
          file('0'),
        ),
      'BAD_USER_INPUT',
      'map',
    ],
  ])('%s', async (_what, body, code, argument) => {
    const { answer } = await send(body());
    expect(answer.errors?.map(({ extensions }) => extensions)).toEqual([
      { code, ...(argument !== undefined && { argument }) },
    ]);
    expect(Object.values(answer.data ?? {}).filter((value) => value !== null)).toEqual([]);
    await stage.expectUntouched(stage.http);
  });

  it.each(['nobody', 'expired', 'forged'] as const)('by one who is %s', async (as) => {
    const { answer } = await send(upload('text'), { as });
    expect(answer.errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'UNAUTHENTICATED' }]);
    await stage.expectUntouched(stage.http);
  });

  it('as a page of another site could send it', async () => {
    const { 'content-type': type } = FORM_HEADERS;
    const { status, answer } = await send(upload('text'), { headers: { 'content-type': type } });
    expect([status, answer.errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN']);
    await stage.expectUntouched(stage.http);
  });
});

describe('what is just allowed:', () => {
  it('a file of 25 MB, sent as fetch sends a form', async () => {
    const before = (await stage.ask(stage.http, 'foreigner', LIST)).data;
    const form = new FormData();
    form.set('operations', JSON.stringify({ query: UPLOAD, variables: { file: null } }));
    form.set('map', JSON.stringify({ 0: ['variables.file'] }));
    form.set('0', new File([new Uint8Array(UPLOAD_BYTES)], 'Zeros.bin'));
    const response = await fetch(`${stage.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await stage.token('viewer')}`, 'x-requested-with': 'fetch' },
      body: form,
    });
    expect(await response.json()).toMatchObject({
      data: { uploadDocument: { title: 'Zeros', revision: 0, contentLength: 0 } },
    });
    expect((await stage.ask(stage.http, 'foreigner', LIST)).data).toEqual(before);
  });

  it('ten uploads in one request', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `f${index}`);
    const query = `mutation (${names.map((name) => `$${name}: File!`).join(', ')}) {
      ${names.map((name) => `${name}: uploadDocument(file: $${name}) { title }`).join(' ')} }`;
    const { answer } = await send(
      formOf(
        operations({ query, variables: Object.fromEntries(names.map((name) => [name, null])) }),
        map(Object.fromEntries(names.map((name) => [name, [`variables.${name}`]]))),
        // The last is used last, and comes first.
        ...names.toReversed().map((name) => file(name, 'x'.repeat(300_000), `${name}.txt`)),
      ),
      { as: 'viewer' },
    );
    expect(answer.data).toEqual(Object.fromEntries(names.map((name) => [name, { title: name }])));
  });
});
