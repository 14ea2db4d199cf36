import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  AddCollaboratorDocument,
  CreateDocumentDocument,
  DeleteDocumentDocument,
  RemoveCollaboratorDocument,
} from '../../../src/sdk/generated.ts';
import { createClient, OperationError, type TestClient } from '../../support/client.ts';
import { startServer, type TestServer } from '../../support/server.ts';
import { createSharedText, type SharedText, type SocketLink, socketLink } from '../../support/shared-text.ts';

const PATIENCE = { timeout: 15_000 };

describe('a shared text on a real server', () => {
  let server: TestServer;
  let owner: TestClient;
  const open: { text: SharedText; link: SocketLink; client: TestClient }[] = [];

  beforeAll(async () => {
    server = await startServer();
    owner = createClient({ url: server.url, userId: 'ada' });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(server.log());
    for (const { text, link } of open.splice(0)) {
      await text.close();
      await link.close();
    }
  });
  afterAll(async () => {
    await owner.close();
    await server.stop();
  });

  async function createDocument(id: string): Promise<void> {
    await owner.request(CreateDocumentDocument, { input: { id, title: id, content: '0123456789' } });
    await owner.request(AddCollaboratorDocument, { documentId: id, userId: 'linus', role: 'EDITOR' });
  }

  async function sitDown(userId: string, documentId: string) {
    // Without a clientId: what is said before one is in the session would be said by another client.
    const client = createClient({ url: server.url, userId });
    const link = socketLink(client, documentId, { retryMs: 20 });
    const text = await createSharedText(link);
    open.push({ text, link, client });
    return { text, link, client };
  }

  it('people see where the others are and that they type, along with the text, until they go', async () => {
    await createDocument('cursors');
    const ada = (await sitDown('ada', 'cursors')).text;
    const { text: linus, client } = await sitDown('linus', 'cursors');
    const of = (text: SharedText) =>
      text.cursors.current.map((one) => [one.user.id, one.position, one.selectionEnd]);
    linus.moveCursor(4, 6);
    await expect.poll(() => of(ada), PATIENCE).toEqual([['linus', 4, 6]]);
    ada.edit({ position: 0, length: 0, content: '>>' });
    expect(of(ada)).toEqual([['linus', 6, 8]]);
    await ada.saved();
    await linus.reached(ada.revision);
    linus.edit({ position: 12, length: 0, content: '!' });
    await expect.poll(() => ada.cursors.current[0]?.typing, PATIENCE).toBe(true);
    ada.moveCursor(2);
    await expect.poll(() => of(linus), PATIENCE).toEqual([['ada', 2, null]]);
    linus.setStatus('AWAY');
    await expect.poll(() => ada.cursors.current[0]?.status, PATIENCE).toBe('AWAY');

    // Whoever is back after a broken connection is where they were.
    client.drop();
    linus.moveCursor(3);
    await expect.poll(() => of(ada), PATIENCE).toEqual([['linus', 3, null]]);
    await linus.close();
    await expect.poll(() => of(ada), PATIENCE).toEqual([]);
  });

  it('[P7] whose access ends has a text that ends with FORBIDDEN, and nothing is taken of it', async () => {
    await createDocument('removed');
    const { text } = await sitDown('linus', 'removed');
    await owner.request(RemoveCollaboratorDocument, { documentId: 'removed', userId: 'linus' });
    await expect.poll(() => text.status.current, PATIENCE).toBe('ended');
    expect(text.ended).toBeInstanceOf(OperationError);
    expect(text.ended).toHaveProperty('code', 'FORBIDDEN');
    expect(() => text.edit({ position: 0, length: 0, content: 'x' })).toThrow('not followed any more');
  });

  it('a document that is deleted ends its texts with NOT_FOUND', async () => {
    await createDocument('deleted');
    const { text } = await sitDown('linus', 'deleted');
    await owner.request(DeleteDocumentDocument, { id: 'deleted' });
    await expect.poll(() => text.status.current, PATIENCE).toBe('ended');
    expect(text.ended).toHaveProperty('code', 'NOT_FOUND');
    await expect(text.saved()).rejects.toHaveProperty('code', 'NOT_FOUND');
  });

  it('[P11] a VIEWER reads along; an edit is refused, and ends it', async () => {
    await createDocument('viewed');
    await owner.request(AddCollaboratorDocument, { documentId: 'viewed', userId: 'grace', role: 'VIEWER' });
    const { text } = await sitDown('grace', 'viewed');
    const ada = (await sitDown('ada', 'viewed')).text;
    ada.edit({ position: 0, length: 10, content: 'read' });
    await ada.saved();
    await text.reached(ada.revision);
    expect(text.text).toBe('read');
    text.edit({ position: 0, length: 0, content: 'x' });
    await expect(text.saved()).rejects.toHaveProperty('code', 'FORBIDDEN');
    await ada.saved();
    expect(ada.text).toBe('read');
  });
});
