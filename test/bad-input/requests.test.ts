import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOCUMENT_OPERATIONS } from './access.ts';
import { SHARED, type Stage, setStage } from './stage.ts';

/** What a request's body may hold: twice LIMIT_MESSAGE_BYTES as it is by default. */
const BODY_BYTES = 2 * 262_144;
const QUERY = '{ viewer { tenantId } }';
const DELETE = 'mutation { deleteDocument(id: "shared") }';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(async () => {
  await stage.expectRestUntouched();
  await stage.close();
});

interface Request {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send({ method = 'POST', path = '/graphql', body, headers }: Request): Promise<Response> {
  return fetch(`${stage.url}${path}`, {
    method,
    headers: {
      ...(method === 'POST' && { 'content-type': 'application/json' }),
      authorization: `Bearer ${await stage.token('ada')}`,
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
}

const get = (query: string): Request => ({
  method: 'GET',
  path: `/graphql?query=${encodeURIComponent(query)}`,
});
const typed = (type: string): Request => ({
  headers: { 'content-type': type },
  body: JSON.stringify({ query: DELETE }),
});
const padded = (bytes: number): string => {
  const empty = JSON.stringify({ query: QUERY, variables: { padding: '' } });
  return empty.replace('""', `"${'x'.repeat(bytes - empty.length)}"`);
};

const requests: [what: string, request: Request, status: number, code: string][] = [
  ['malformed JSON', { body: '{' }, 400, 'BAD_USER_INPUT'],
  ['nothing', { body: '' }, 400, 'BAD_USER_INPUT'],
  ['NaN', { body: `{"query":"${QUERY}","variables":{"a":NaN}}` }, 400, 'BAD_USER_INPUT'],
  ['null', { body: 'null' }, 400, 'BAD_USER_INPUT'],
  ['a text', { body: `"${QUERY}"` }, 400, 'BAD_USER_INPUT'],
  ['no query', { body: '{}' }, 400, 'BAD_USER_INPUT'],
  ['a query that is no text', { body: '{"query":5}' }, 400, 'BAD_USER_INPUT'],
  ['a query called __proto__', { body: `{"__proto__":{"query":"${QUERY}"}}` }, 400, 'BAD_USER_INPUT'],
  ['variables that are a list', { body: `{"query":"${QUERY}","variables":[1]}` }, 400, 'BAD_USER_INPUT'],
  ['variables that are a text', { body: `{"query":"${QUERY}","variables":"x"}` }, 400, 'BAD_USER_INPUT'],
  [
    'an operationName that is no text',
    { body: `{"query":"${QUERY}","operationName":5}` },
    400,
    'BAD_USER_INPUT',
  ],
  ['extensions that are a text', { body: `{"query":"${QUERY}","extensions":"x"}` }, 400, 'BAD_USER_INPUT'],
  [
    'an operation that is not there',
    { body: `{"query":"query A ${QUERY}","operationName":"B"}` },
    400,
    'BAD_USER_INPUT',
  ],
  [
    'two operations and no name',
    { body: `{"query":"query A ${QUERY} query B ${QUERY}"}` },
    400,
    'BAD_USER_INPUT',
  ],
  ['a list of operations', { body: `[{"query":"${QUERY}"},{"query":"${QUERY}"}]` }, 400, 'BAD_USER_INPUT'],
  ['100,000 brackets', { body: '['.repeat(100_000) }, 400, 'BAD_USER_INPUT'],
  ['a body that is too long by one byte', { body: padded(BODY_BYTES + 1) }, 413, 'PAYLOAD_TOO_LARGE'],
  ['a mutation by GET', get(DELETE), 405, 'BAD_USER_INPUT'],
  [
    'a GET whose variables are no JSON',
    { ...get(QUERY), path: '/graphql?query=%7Bviewer%7D&variables=%7B' },
    400,
    'BAD_USER_INPUT',
  ],
  [
    'a token in the URL',
    { ...get(QUERY), path: '/graphql?token=x&query=%7Bviewer%7D' },
    400,
    'BAD_USER_INPUT',
  ],
  ['a form', typed('application/x-www-form-urlencoded'), 415, 'BAD_USER_INPUT'],
  ['plain text', typed('text/plain'), 415, 'BAD_USER_INPUT'],
  ['another charset', typed('application/json; charset=utf-16'), 415, 'BAD_USER_INPUT'],
  ['another path', { path: '/graphql/shared', body: '{}' }, 404, 'NOT_FOUND'],
  ['a path out of the house', { path: '/%2e%2e/%2e%2e/etc/passwd', method: 'GET' }, 404, 'NOT_FOUND'],
  ['a foreign origin', { body: '{}', headers: { origin: 'https://evil.example' } }, 403, 'FORBIDDEN'],
];

describe('[P11] a request is refused, changes nothing, and the next one works:', () => {
  it.each(requests)('%s', async (_what, request, status, code) => {
    const response = await send({
      ...request,
      headers: { accept: 'application/graphql-response+json', ...request.headers },
    });
    const { data, errors } = (await response.json()) as {
      data?: unknown;
      errors?: { extensions: { code: string } }[];
    };
    expect([response.status, data ?? null, errors?.map(({ extensions }) => extensions.code)]).toEqual([
      status,
      null,
      [code],
    ]);
    await stage.expectUntouched(stage.http);
  });

  it('a body that is just not too long is answered', async () => {
    const response = await send({ body: padded(BODY_BYTES) });
    expect([response.status, await response.json()]).toEqual([
      200,
      { data: { viewer: { tenantId: 'default' } } },
    ]);
  });

  it('a subscription without an event stream', async () => {
    const response = await send({
      body: '{"query":"subscription { documentChanges(documentId: \\"shared\\") { revision } }"}',
      headers: { accept: 'application/json' },
    });
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    await stage.expectUntouched(stage.http);
  });

  it.each(['nobody', 'expired', 'forged'] as const)('any operation by one who is %s', async (person) => {
    const viewer = { query: QUERY, variables: {} };
    for (const { query, variables } of [viewer, ...DOCUMENT_OPERATIONS]) {
      const { data = null, errors } = await stage.ask(stage.http, person, query, {
        ...variables,
        id: SHARED,
      });
      expect([data, errors?.map(({ extensions }) => extensions)]).toEqual([
        null,
        [{ code: 'UNAUTHENTICATED' }],
      ]);
    }
    await stage.expectUntouched(stage.http);
  });
});
