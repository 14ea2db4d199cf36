import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/run.ts';
import {
  AddCollaboratorDocument,
  CreateDocumentDocument,
  DocumentTextDocument,
} from '../../src/sdk/generated.ts';
import { createClient, type TestClient } from '../support/client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testSecret } from '../support/tokens.ts';

const DOCUMENT = 'notes';

/** A person at a terminal: what they type, and what they see. */
function sitDown(user: string, url: string, documentId = DOCUMENT) {
  const input = new PassThrough();
  let seen = '';
  let look = (): void => {};
  const show = (text: string): void => {
    seen += text;
    look();
  };
  const done = run(['edit', documentId, '--as', user, '--url', url], {
    env: { AUTH_SECRET: testSecret },
    input,
    out: show,
    err: show,
  });
  return {
    done,
    screen: () => seen,
    type: (line: string) => input.write(`${line}\n`),
    leave: () => input.end(),
    sees: (text: string): Promise<void> =>
      new Promise((resolve) => {
        look = () => {
          if (seen.includes(text)) resolve();
        };
        look();
      }),
  };
}

describe('quire edit', () => {
  let server: TestServer;
  let owner: TestClient;

  beforeAll(async () => {
    server = await startServer();
    owner = createClient({ url: server.url, userId: 'ada' });
    await owner.request(CreateDocumentDocument, {
      input: { id: DOCUMENT, title: 'Notes', content: 'Hello' },
    });
    await owner.request(AddCollaboratorDocument, { documentId: DOCUMENT, userId: 'linus', role: 'EDITOR' });
  });
  afterAll(async () => {
    await owner.close();
    await server.stop();
  });

  it('[P1] [P4] two people in two terminals edit one text; the server is killed in between and nothing is lost', async () => {
    const ada = sitDown('ada', server.url);
    const linus = sitDown('linus', server.url);
    await Promise.all([ada.sees('Hello'), linus.sees('Hello')]);
    ada.type('from Ada');
    await linus.sees('"\\nfrom Ada\\n"');
    linus.type('from Linus');
    await ada.sees('"from Linus\\n"');

    await server.kill();
    ada.type('while it was away');
    await ada.sees('Trying again');
    await server.restart();
    await linus.sees('"while it was away\\n"');

    ada.leave();
    linus.leave();
    expect(await Promise.all([ada.done, linus.done])).toEqual([0, 0]);
    expect(ada.screen()).toContain('Saved, revision 4.');
    const { document } = await owner.request(DocumentTextDocument, { id: DOCUMENT });
    expect(document?.content).toBe('Hello\nfrom Ada\nfrom Linus\nwhile it was away\n');
  });

  it('[P11] says why a document cannot be edited', async () => {
    const stranger = sitDown('grace', server.url);
    expect(await stranger.done).toBe(1);
    expect(stranger.screen()).toBe('quire: There is no such document.\n');
  });
});
