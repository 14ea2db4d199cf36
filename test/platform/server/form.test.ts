import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_FORMS, MAX_FORMS_PER_USER } from '../../../src/platform/server/form.ts';
import {
  beginOf,
  FORM_END,
  FORM_HEADERS,
  file,
  formOf,
  map,
  operations,
  type RawPart,
} from '../../support/form.ts';
import { soon } from '../../support/raw-socket.ts';
import { spooledFiles } from '../../support/spooled.ts';
import { answerOf, type Edge, type GraphQLAnswer, type ReadFile, startEdge } from './edge.ts';
import { rawRequest } from './raw-request.ts';

const READ = 'mutation ($file: File, $files: [File]) { read(file: $file, files: $files) }';
const ADA = { authorization: 'Bearer ada', 'graphql-require-preflight': '1' };
const UPLOAD_BYTES = 3_000_000;
const MESSAGE_BYTES = 20_000;

/** Where temporary files are during these tests, and before them. */
let directory: string;
const usualDirectory = process.env['TMPDIR'];
const useDirectory = (path: string | undefined): void => {
  if (path === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = path;
};

let edge: Edge;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quire-form-'));
  useDirectory(directory);
  edge = await startEdge({ limits: { uploadBytes: UPLOAD_BYTES, messageBytes: MESSAGE_BYTES } });
});
afterAll(async () => {
  await edge.server.close();
  useDirectory(usualDirectory);
  // Fails when something is left in it.
  await rmdir(directory);
});
beforeEach(() => {
  edge.calls.length = 0;
  edge.lines.length = 0;
});
afterEach(async () => {
  // Whatever came of a form: its files are closed, which is when they are gone, and nothing was logged as a defect.
  await expect.poll(spooledFiles, { timeout: 10_000 }).toBe(0);
  expect(await readdir(directory)).toEqual([]);
  expect(edge.lines.filter(({ level }) => level === 50)).toEqual([]);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

const digestOf = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What `read` tells of these bytes. */
const told = (name: string, type: string, bytes: Uint8Array): ReadFile => ({
  name,
  type,
  bytes: bytes.length,
  digest: digestOf(bytes),
});

const filesOf = ({ data, errors }: GraphQLAnswer): ReadFile[] => {
  expect(errors).toBeUndefined();
  return JSON.parse(String(data?.['read'])) as ReadFile[];
};

/** Sends a form as fetch makes one. */
const post = (form: FormData, headers: Record<string, string> = ADA): Promise<Response> =>
  fetch(`${edge.url}/graphql`, { method: 'POST', body: form, headers });

const formDataOf = (variables: object, mapped: object, files: Record<string, File>): FormData => {
  const form = new FormData();
  form.set('operations', JSON.stringify({ query: READ, variables }));
  form.set('map', JSON.stringify(mapped));
  for (const [name, content] of Object.entries(files)) form.set(name, content);
  return form;
};

/** Sends bytes as a form. */
const send = async (
  body: Uint8Array,
  headers: Record<string, string> = {},
): Promise<{ status: number; answer: GraphQLAnswer }> => {
  const response = await rawRequest(edge, {
    method: 'POST',
    headers: { ...FORM_HEADERS, authorization: 'Bearer ada', 'content-length': `${body.length}`, ...headers },
    body,
  });
  return { status: response.status, answer: JSON.parse(response.body) as GraphQLAnswer };
};

const readFile = operations({ query: READ, variables: { file: null } });
const one = map({ 0: ['variables.file'] });

describe('a form with files', () => {
  it('puts a file in the place of a variable, with its name, type and bytes', async () => {
    const bytes = randomBytes(100_000);
    const form = formDataOf(
      { file: null },
      { 0: ['variables.file'] },
      { 0: new File([bytes], 'Über 🎈.pdf', { type: 'application/pdf' }) },
    );
    const response = await post(form);
    expect(response.status).toBe(200);
    expect(filesOf(await answerOf(response))).toEqual([told('Über 🎈.pdf', 'application/pdf', bytes)]);
    expect(edge.lines).toMatchObject([{ user: 'ada', kind: 'mutation', code: 'OK' }]);
  });

  it('puts several where the map says, however large and whichever is read first', async () => {
    const contents = [randomBytes(2_500_000), randomBytes(0), randomBytes(2_500_000)] as const;
    const names = ['first', 'second', 'third'];
    const form = formDataOf(
      { files: [null, null, null] },
      { a: ['variables.files.1'], b: ['variables.files.0'], c: ['variables.files.2'] },
      {
        a: new File([contents[1]], 'second'),
        b: new File([contents[0]], 'first'),
        c: new File([contents[2]], 'third'),
      },
    );
    expect(filesOf(await answerOf(await post(form)))).toEqual(
      contents.map((bytes, index) => told(names[index] ?? '', 'application/octet-stream', bytes)),
    );
  });

  it('puts one file in two places when the map says so', async () => {
    const { answer } = await send(
      formOf(
        operations({ query: READ, variables: { file: null, files: [null] } }),
        map({ x: ['variables.file', 'variables.files.0'] }),
        file('x', 'shared'),
      ),
    );
    expect(filesOf(answer).map(({ digest }) => digest)).toEqual([digestOf('shared'), digestOf('shared')]);
  });

  it('takes as many bytes as a file may have, and ten files', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `${index}`);
    const bytes = randomBytes(UPLOAD_BYTES);
    const { status, answer } = await send(
      formOf(
        operations({ query: READ, variables: { files: names.map(() => null) } }),
        map(Object.fromEntries(names.map((name) => [name, [`variables.files.${name}`]]))),
        ...names.map((name) => file(name, bytes)),
      ),
    );
    expect(status).toBe(200);
    expect(filesOf(answer).map(({ digest }) => digest)).toEqual(names.map(() => digestOf(bytes)));
  });

  it('is read the same when it comes byte by byte', async () => {
    const body = formOf(readFile, one, file('0', `\r\n--next-par\r\n--${'x'.repeat(50)}\r\n`));
    const socket = connect(edge.port, '127.0.0.1');
    socket.setNoDelay(true);
    socket.write(headOf(body.length));
    for (const byte of body) {
      socket.write(Buffer.of(byte));
      // A turn of the loop, so that each is a packet of its own.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await responseOf(socket)).toContain(digestOf(`\r\n--next-par\r\n--${'x'.repeat(50)}\r\n`));
    socket.destroy();
  });

  it.each<[what: string, parts: readonly RawPart[]]>([
    [
      'operations and map with file names and types',
      [
        { ...readFile, fileName: 'operations.json', type: 'application/json' },
        { ...one, fileName: 'map.json', type: 'application/json' },
        file('0'),
      ],
    ],
    ['a file without a name', [readFile, one, { name: '0', content: 'text' }]],
    [
      'a file that looks like a form',
      [readFile, one, file('0', formOf(file('1')).toString().replaceAll('next', 'nest'))],
    ],
    ['a part of a form within it', [readFile, one, { ...file('0'), type: 'multipart/mixed; boundary=x' }]],
  ])('takes %s', async (_what, parts) => {
    const { answer } = await send(formOf(...parts));
    expect(filesOf(answer)[0]?.digest).toBe(digestOf(parts[2]?.content ?? ''));
  });

  it('may bring an operation without a file', async () => {
    const { answer } = await send(formOf(operations({ query: '{ hello }' }), map({})));
    expect(answer).toEqual({ data: { hello: 'world' } });
  });

  it('tells what is wrong with its operation as any other request does', async () => {
    const { status, answer } = await send(formOf(operations({ query: '{ nothing }' }), map({})), {
      accept: 'application/graphql-response+json',
    });
    expect([status, answer.errors?.[0]?.extensions]).toEqual([400, { code: 'BAD_USER_INPUT' }]);
  });

  it('is the only way for a file: in JSON it is BAD_USER_INPUT and says how', async () => {
    for (const value of ['a.txt', {}, 5, { name: 'a', type: 'b' }]) {
      const response = await edge.post({ query: READ, variables: { file: value } }, ADA);
      expect((await answerOf(response)).errors?.[0]).toMatchObject({
        message: expect.stringContaining('multipart/form-data') as string,
        extensions: { code: 'BAD_USER_INPUT', argument: 'file' },
      });
    }
    const literal = await edge.post({ query: 'mutation { read(file: "a.txt") }' }, ADA);
    expect((await answerOf(literal)).errors?.[0]).toMatchObject({
      message: expect.stringContaining('multipart/form-data') as string,
      extensions: { code: 'BAD_USER_INPUT', argument: 'file' },
    });
    expect(edge.calls).toEqual([]);
  });

  it('puts a file into no variable of another type, and tells nothing of where it lies', async () => {
    const { answer } = await send(
      formOf(
        operations({ query: 'mutation ($text: String) { read(text: $text) }', variables: { text: null } }),
        map({ 0: ['variables.text'] }),
        file('0'),
      ),
    );
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'text' });
    expect(JSON.stringify(answer)).not.toMatch(/quire-upload|FileHandle|tmp/);
    expect(edge.calls).toEqual([]);
  });
});

describe('a form is refused before its body is read', () => {
  /** Sends the head of a form alone, and gives what comes back. */
  const sendHead = async (headers: readonly string[]): Promise<string> => {
    const socket = connect(edge.port, '127.0.0.1');
    socket.write(`POST /graphql HTTP/1.1\r\nHost: localhost\r\n${headers.join('\r\n')}\r\n\r\n`);
    const response = await responseOf(socket);
    socket.destroy();
    return response;
  };
  const type = `Content-Type: ${FORM_HEADERS['content-type']}`;
  const length = 'Content-Length: 1000000';
  const preflight = 'GraphQL-Require-Preflight: 1';
  const token = 'Authorization: Bearer ada';

  it('without a header that a page of another site cannot send unasked: 403, which names one', async () => {
    for (const header of [[], ['X-Requested-With:'], ['X-Other: 1']]) {
      const response = await sendHead([type, length, token, ...header]);
      expect(response).toMatch(/^HTTP\/1\.1 403 /);
      expect(response).toContain('GraphQL-Require-Preflight: 1');
      expect(response).toContain('"FORBIDDEN"');
    }
  });

  it.each(['GraphQL-Require-Preflight', 'Apollo-Require-Preflight', 'X-Requested-With'])(
    'but not with %s',
    async (name) => {
      const body = formOf(readFile, one, file('0'));
      const response = await rawRequest(edge, {
        method: 'POST',
        headers: {
          'content-type': FORM_HEADERS['content-type'],
          authorization: 'Bearer ada',
          [name]: 'XMLHttpRequest',
        },
        body,
      });
      expect([response.status, response.body]).toEqual([200, expect.stringContaining(digestOf('text'))]);
    },
  );

  it('without a token, or with one that is not valid: UNAUTHENTICATED', async () => {
    const anonymous = await sendHead([type, length, preflight]);
    expect(anonymous).toMatch(/^HTTP\/1\.1 401 /);
    expect(anonymous).toContain('"UNAUTHENTICATED"');
    for (const name of ['forged', 'expired']) {
      const response = await sendHead([type, length, preflight, `Authorization: Bearer ${name}`]);
      expect(response).toContain('"UNAUTHENTICATED"');
      expect(response).toContain(name === 'expired' ? 'has expired' : 'not valid');
    }
    expect(await sendHead([type, length, preflight, 'Authorization: Bearer unavailable'])).toMatch(
      /^HTTP\/1\.1 503 /,
    );
    expect(edge.calls).toEqual([]);
  });

  it('from a page of another origin', async () => {
    const response = await sendHead([type, length, preflight, token, 'Origin: https://evil.example']);
    expect(response).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('and allowed pages may ask for the headers that it needs', async () => {
    const open = await startEdge({ allowedOrigins: ['https://good.example'] });
    const { headers } = await rawRequest(open, {
      method: 'OPTIONS',
      headers: { origin: 'https://good.example', 'access-control-request-method': 'POST' },
    });
    for (const name of ['graphql-require-preflight', 'apollo-require-preflight', 'x-requested-with'])
      expect(headers['access-control-allow-headers']).toContain(name);
    await open.server.close();
  });
});

describe('[P11] a form is refused, resolves nothing and leaves nothing:', () => {
  const variables = (value: object, mapped: object): readonly RawPart[] => [
    operations({ query: READ, variables: value }),
    map(mapped),
    file('0'),
  ];
  const BAD = 'BAD_USER_INPUT';

  const rows: [what: string, body: readonly RawPart[] | Uint8Array, argument?: string][] = [
    ['the map before the operations', [one, readFile, file('0')], 'operations'],
    ['no operations', [one, file('0')], 'operations'],
    ['no map', [readFile, file('0')], 'map'],
    ['a file before the map', [readFile, file('0'), one], 'map'],
    ['operations alone', [readFile], 'map'],
    ['two operations', [operations([{ query: READ }, { query: READ }]), map({}), file('0')], 'operations'],
    ['operations that are no JSON', [operations('{'), one, file('0')], 'operations'],
    ['operations that are no object', [operations('"x"'), one, file('0')], 'operations'],
    ['operations that are null', [operations('null'), one, file('0')], 'operations'],
    [
      'operations in latin1',
      [{ name: 'operations', content: Buffer.from('{"query":"é"}', 'latin1') }, one],
      'operations',
    ],
    [
      'operations in another charset',
      [
        {
          headers: [
            'Content-Disposition: form-data; name="operations"',
            'Content-Type: application/json; charset=utf-16le',
          ],
          content: Buffer.from(JSON.stringify({ query: READ, variables: { file: null } }), 'utf16le'),
        },
        one,
        file('0'),
      ],
      'operations',
    ],
    ['no query', [operations({ variables: { file: null } }), one, file('0')]],
    ['a map that is no JSON', [readFile, map('{'), file('0')], 'map'],
    ['a map that is a list', [readFile, map([['variables.file']]), file('0')], 'map'],
    ['a map that is null', [readFile, map('null'), file('0')], 'map'],
    ['a map of texts', variables({ file: null }, { 0: 'variables.file' }), 'map'],
    ['a map of empty lists', variables({ file: null }, { 0: [] }), 'map'],
    ['a map of numbers', variables({ file: null }, { 0: [0] }), 'map'],
    ['a path twice', variables({ file: null }, { 0: ['variables.file', 'variables.file'] }), 'map'],
    [
      'a path for two files',
      [readFile, map({ 0: ['variables.file'], 1: ['variables.file'] }), file('0'), file('1')],
      'map',
    ],
    ['a missing variable', variables({}, { 0: ['variables.file'] }), 'map'],
    ['no variables at all', [operations({ query: READ }), one, file('0')], 'map'],
    ['a variable that is not null', variables({ file: 'x' }, { 0: ['variables.file'] }), 'map'],
    [
      'a place of a list that is not there',
      variables({ files: [null] }, { 0: ['variables.files.1'] }),
      'map',
    ],
    ['a place of a text', variables({ file: 'x' }, { 0: ['variables.file.0'] }), 'map'],
    ['the length of a list', variables({ files: [] }, { 0: ['variables.files.length'] }), 'map'],
    ['a file in place of the query', variables({}, { 0: ['query'] }), 'map'],
    ['a file in place of all variables', variables({}, { 0: ['variables'] }), 'map'],
    [
      'a file in place of an extension',
      [operations({ query: READ, extensions: { a: null } }), map({ 0: ['extensions.a'] }), file('0')],
      'map',
    ],
    ...[
      '__proto__.polluted',
      'variables.__proto__',
      'variables.__proto__.polluted',
      'variables.__proto__.__proto__',
      'variables.constructor.prototype.polluted',
      'variables.files.__proto__.polluted',
      'variables.toString',
      '__proto__',
      '',
    ].map((path): [string, readonly RawPart[], string] => [
      `the path ${JSON.stringify(path)}`,
      variables({ file: null, files: [] }, { 0: [path] }),
      'map',
    ]),
    ['a map called __proto__', [readFile, map('{"__proto__":["variables.file"]}'), file('0')], 'map'],
    ['a part called __proto__', [readFile, one, file('__proto__')], 'map'],
    ['a file that the map does not name', [readFile, one, file('0'), file('1')], 'map'],
    ['a file twice', [readFile, one, file('0'), file('0')], 'map'],
    ['a part without a name', [readFile, one, { content: 'x' }], 'map'],
    ['a file that does not come', [readFile, one], 'map'],
    [
      'eleven files',
      [
        operations({ query: READ, variables: { files: Array(11).fill(null) } }),
        map(
          Object.fromEntries(Array.from({ length: 11 }, (_, index) => [index, [`variables.files.${index}`]])),
        ),
        ...Array.from({ length: 11 }, (_, index) => file(`${index}`)),
      ],
      'map',
    ],
    ['a flood of parts', [readFile, one, ...Array.from({ length: 20_000 }, () => file('0'))], 'map'],
    [
      'a flood of parts without a name',
      [readFile, one, ...Array.from({ length: 20_000 }, () => ({ headers: ['X: y'], content: '' }))],
      'map',
    ],
    [
      'a part whose headers hide its name',
      [
        readFile,
        one,
        {
          headers: [`X: ${'x'.repeat(100_000)}`, 'Content-Disposition: form-data; name="0"; filename="a"'],
          content: 'x',
        },
      ],
      'map',
    ],
    [
      'hundreds of headers before the name',
      [
        readFile,
        one,
        {
          headers: [
            ...Array.from({ length: 200 }, (_, index) => `X-${index}: x`),
            'Content-Disposition: form-data; name="0"; filename="a"',
          ],
          content: 'x',
        },
      ],
      'map',
    ],
    ['nothing', Buffer.alloc(0)],
    ['no part', FORM_END, 'operations'],
    ['no boundary in it', Buffer.from('x'.repeat(10_000))],
    ['an end that does not come', beginOf([readFile, one, file('0', 'x'.repeat(200_000))])],
    [
      'an end in the middle of a header',
      Buffer.concat([beginOf([readFile, one]), Buffer.from('\r\n--next-part\r\nContent-Dis')]),
    ],
  ];

  it.each(rows)('%s', async (_what, body, argument) => {
    const { status, answer } = await send(body instanceof Uint8Array ? body : formOf(...body));
    const [error] = answer.errors ?? [];
    expect([status, error?.extensions]).toEqual([400, { code: BAD, ...(argument && { argument }) }]);
    expect(error?.message).not.toMatch(/undefined|Multipart|Unexpected|\/tmp/);
    expect(edge.calls).toEqual([]);
  });

  const large: [what: string, body: Uint8Array][] = [
    ['one byte more than a file may have', formOf(readFile, one, file('0', Buffer.alloc(UPLOAD_BYTES + 1)))],
    ['operations that are too long', formOf(operations('x'.repeat(MESSAGE_BYTES + 1)), one)],
    ['operations as long as a file', formOf(operations('x'.repeat(UPLOAD_BYTES + 1)), one)],
    ['a map that is too long', formOf(readFile, map('x'.repeat(4_097)))],
    [
      'a header without an end',
      Buffer.concat([
        beginOf([readFile, one]),
        Buffer.from(`\r\n--next-part\r\nX: ${'x'.repeat(10 * UPLOAD_BYTES + 2 * MESSAGE_BYTES)}`),
      ]),
    ],
    ['a preamble without an end', Buffer.alloc(10 * UPLOAD_BYTES + 2 * MESSAGE_BYTES + 1, 120)],
  ];
  it.each(large)('%s is PAYLOAD_TOO_LARGE', async (_what, body) => {
    const { status, answer } = await send(body);
    expect([status, answer.errors?.[0]?.extensions]).toEqual([413, { code: 'PAYLOAD_TOO_LARGE' }]);
    expect(edge.calls).toEqual([]);
  });

  it('a file that is too large, as soon as it is, although more of it would come', async () => {
    const socket = connect(edge.port, '127.0.0.1');
    const begin = beginOf([readFile, one, file('0', Buffer.alloc(UPLOAD_BYTES + 1))]);
    socket.write(headOf(10 * UPLOAD_BYTES));
    socket.write(begin);
    expect(await responseOf(socket)).toMatch(/^HTTP\/1\.1 413 .*3000000 bytes/s);
    socket.destroy();
  });

  it('what comes when there is no room on the disk: masked, and logged', async () => {
    useDirectory(join(directory, 'nowhere'));
    try {
      const { status, answer } = await send(formOf(readFile, one, file('0')));
      expect([status, answer.errors?.[0]?.message]).toEqual([500, 'Unexpected error']);
      expect(JSON.stringify(answer)).not.toContain('nowhere');
      expect(edge.lines.filter(({ level }) => level === 50)).toHaveLength(1);
    } finally {
      useDirectory(directory);
      edge.lines.length = 0;
    }
  });
});

describe('a client that sends a form', () => {
  const opened: Socket[] = [];
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.destroy();
  });

  /** Sends the beginning of a form, in the middle of a file. */
  const begin = async (user = 'ada'): Promise<Socket> => {
    const socket = connect(edge.port, '127.0.0.1');
    opened.push(socket);
    socket.on('error', () => {});
    socket.write(headOf(5_000_000, user));
    socket.write(beginOf([readFile, one, file('0', Buffer.alloc(100_000))]));
    return socket;
  };

  it('and goes away in the middle leaves nothing', async () => {
    const socket = await begin();
    await expect.poll(spooledFiles, { timeout: 10_000 }).toBe(1);
    socket.resetAndDestroy();
    await expect.poll(spooledFiles, { timeout: 10_000 }).toBe(0);
    expect(edge.calls).toEqual([]);
  });

  it('and goes away before the first part, too', async () => {
    const socket = connect(edge.port, '127.0.0.1');
    socket.write(headOf(5_000_000));
    await edge.post({ query: '{ hello }' });
    socket.destroy();
    expect(await (await post(formDataOf({}, {}, {}))).json()).toEqual({ data: { read: '[]' } });
  });

  it(`may send ${MAX_FORMS_PER_USER} at a time; one more is RATE_LIMITED, and others are not`, async () => {
    const sockets = await Promise.all(Array.from({ length: MAX_FORMS_PER_USER }, () => begin()));
    await expect.poll(spooledFiles, { timeout: 10_000 }).toBe(MAX_FORMS_PER_USER);
    const body = formOf(readFile, one, file('0'));
    const { status, answer } = await send(body);
    expect([status, answer.errors?.[0]?.extensions]).toEqual([
      429,
      { code: 'RATE_LIMITED', retryAfterMs: 1_000 },
    ]);
    expect((await send(body, { authorization: 'Bearer linus' })).status).toBe(200);
    sockets[0]?.destroy();
    await expect.poll(async () => (await send(body)).status, { timeout: 10_000 }).toBe(200);
  });

  it(`is one of ${MAX_FORMS} at most: the next one, whoever sends it, is UNAVAILABLE`, async () => {
    await Promise.all(Array.from({ length: MAX_FORMS }, (_, index) => begin(`guest-${index}`)));
    await expect.poll(spooledFiles, { timeout: 10_000 }).toBe(MAX_FORMS);
    const { status, answer } = await send(formOf(readFile, one, file('0')));
    expect([status, answer.errors?.[0]?.extensions]).toEqual([503, { code: 'UNAVAILABLE' }]);
  });

  it('is cut off when the server stops', async () => {
    const other = await startEdge();
    const socket = connect(other.port, '127.0.0.1');
    opened.push(socket);
    socket.on('error', () => {});
    socket.write(headOf(5_000_000));
    socket.write(beginOf([readFile, one, file('0', Buffer.alloc(100_000))]));
    await expect.poll(spooledFiles, { timeout: 10_000 }).toBe(1);
    const closed = once(socket, 'close');
    await soon(other.server.close(), 'the stop');
    await soon(closed, 'the end of the connection');
  });
});

/** The head of a request with a form of so many bytes. */
function headOf(bytes: number, user = 'ada'): string {
  const headers = {
    Host: 'localhost',
    Authorization: `Bearer ${user}`,
    'Content-Length': bytes,
    ...FORM_HEADERS,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `POST /graphql HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** What comes back, as far as the end of the first JSON line. */
async function responseOf(socket: Socket): Promise<string> {
  let text = '';
  const complete = (async () => {
    for await (const data of socket.iterator({ destroyOnReturn: false })) {
      text += String(data);
      // A refusal is chunked, and has an empty chunk at the end.
      if (/\r\n\r\n.*\}\s*(0\s*)?$/s.test(text)) return;
    }
  })();
  await soon(complete, 'a response');
  return text;
}
