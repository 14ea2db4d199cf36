import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionLost, OperationError } from '../../src/sdk/errors.ts';
import { UploadDocumentDocument } from '../../src/sdk/generated.ts';
import { upload } from '../../src/sdk/upload.ts';
import { type InProcess, openInProcess } from '../promises/in-process.ts';
import { tokenFor } from '../support/tokens.ts';

const file = new File(['Grüße 🎈'], 'größe.txt');

const send = (url: string, token = () => tokenFor('ada'), variables = { file }) =>
  upload({ url, token }, UploadDocumentDocument, variables);

describe('an upload', () => {
  let server: InProcess;
  beforeAll(async () => {
    server = await openInProcess({ LIMIT_UPLOAD_BYTES: '1000' });
  });
  afterAll(() => server.close());

  it('makes a document of the file, also where the address ends with a slash', async () => {
    const { uploadDocument } = await send(`${server.url}/`);
    expect(uploadDocument).toMatchObject({ title: 'größe', revision: 0, createdBy: { id: 'ada' } });
  });

  it('sends its other variables along', async () => {
    const withTitle = { file, title: 'Balloons' };
    const { uploadDocument } = await send(server.url, undefined, withTitle);
    expect(uploadDocument.title).toBe('Balloons');
  });

  it('[P11] that is refused says why, with the code', async () => {
    const refusals = [
      [{ file: new File([], 'a.txt') }, 'BAD_USER_INPUT'],
      [{ file: new File(['x'.repeat(1_001)], 'a.txt') }, 'PAYLOAD_TOO_LARGE'],
    ] as const;
    for (const [variables, code] of refusals) {
      const refused = send(server.url, undefined, variables);
      await expect(refused).rejects.toThrow(OperationError);
      await expect(refused).rejects.toMatchObject({ code });
    }
    await expect(send(server.url, async () => 'none')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('an upload that does not reach the server', () => {
  let between: Server | undefined;
  afterEach(() => between?.close());

  const listen = async (answer: RequestListener): Promise<string> => {
    between = createServer(answer).listen(0, '127.0.0.1');
    await once(between, 'listening');
    return `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
  };

  it.each([
    ['a page of a proxy', 502, '<h1>Bad gateway</h1>'],
    ['JSON that is no result', 200, '{}'],
  ])('because of %s is told as a lost connection', async (_what, status, body) => {
    const url = await listen((request, response) => {
      request.resume().on('end', () => response.writeHead(status).end(body));
    });
    await expect(send(url)).rejects.toThrow(ConnectionLost);
    await expect(send(url)).rejects.toThrow(String(status));
  });

  it('because nobody listens is told as a lost connection', async () => {
    const url = await listen(() => {});
    between?.close();
    await expect(send(url)).rejects.toThrow(ConnectionLost);
  });
});
