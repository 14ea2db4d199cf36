import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createQuireClient, type QuireClient } from '../../src/sdk/client.ts';
import {
  AddCollaboratorDocument,
  CreateDocumentDocument,
  RemoveCollaboratorDocument,
} from '../../src/sdk/generated.ts';
import type { TransportName } from '../../src/sdk/link.ts';
import { until } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { tokenFor } from '../support/tokens.ts';
import { visit } from './visitor.ts';

let server: TestServer;
let documents = 0;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const enter = (userId: string, transport: TransportName): QuireClient =>
  createQuireClient({
    url: server.url,
    token: () => tokenFor(userId),
    transports: [transport],
    webSocket: WebSocket,
  });

/** A document of Ada's that Bob may edit. */
async function createDocument(ada: QuireClient, content = ''): Promise<string> {
  documents += 1;
  const id = `text-${documents}`;
  await ada.mutate(CreateDocumentDocument, { input: { id, title: 'Notes', content } });
  await ada.mutate(AddCollaboratorDocument, { documentId: id, userId: 'bob', role: 'EDITOR' });
  return id;
}

const atEnd = (position: number, content: string) => ({ position, length: 0, content });

describe('a text that a client opens', () => {
  it.each(['websocket', 'sse', 'polling'] as const)(
    '[P3] is edited together, one by a socket and one by %s, and both see who is there',
    async (transport) => {
      const [ada, bob] = [enter('ada', 'websocket'), enter('bob', transport)];
      const id = await createDocument(ada, 'Both: ');
      const [hers, his] = await Promise.all([ada.document(id), bob.document(id)]);
      hers.moveCursor(6);
      for (let turn = 0; turn < 20; turn += 1) {
        hers.edit(atEnd(0, `a${turn} `));
        his.edit(atEnd(his.length, `b${turn} `));
      }
      await Promise.all([hers.saved(), his.saved()]);
      const newest = Math.max(hers.revision, his.revision);
      await Promise.all([hers.reached(newest), his.reached(newest)]);
      expect(his.text).toBe(hers.text);
      for (let turn = 0; turn < 20; turn += 1) {
        expect(hers.text.split(`a${turn} `)).toHaveLength(2);
        expect(hers.text.split(`b${turn} `)).toHaveLength(2);
      }
      await until(() => his.cursors.current.some(({ user }) => user.id === 'ada'), 'Bob sees Ada’s cursor');
      his.undo();
      await his.saved();
      await hers.reached(his.revision);
      expect(his.text).toBe(hers.text);
      await Promise.all([hers.close(), his.close()]);
      await Promise.all([ada.close(), bob.close()]);
    },
  );

  it('[P2] goes on over lost sockets, each edit once', async () => {
    const ada = enter('ada', 'websocket');
    const id = await createDocument(ada);
    const bob = visit(server.url);
    const { client, clock } = bob;
    const his = await client.document(id);
    for (let turn = 0; turn < 10; turn += 1) {
      his.edit(atEnd(his.length, `<${turn}>`));
      bob.drop();
      const saved = his.saved();
      let done = false;
      void saved.then(() => {
        done = true;
      });
      await until(() => {
        clock.advance(1_000);
        return done;
      }, 'the edit is saved');
    }
    expect(his.text).toBe(Array.from({ length: 10 }, (_, turn) => `<${turn}>`).join(''));
    const { document } = await ada.operations.Document({ id });
    expect(document?.content).toBe(his.text);
    await his.close();
    await client.close();
    await ada.close();
    expect(clock.pending).toBe(0);
  });

  it('[P7] ends with FORBIDDEN when access ends, and keeps what it shows', async () => {
    const [ada, bob] = [enter('ada', 'websocket'), enter('bob', 'websocket')];
    const id = await createDocument(ada, 'seen');
    const his = await bob.document(id);
    await ada.mutate(RemoveCollaboratorDocument, { documentId: id, userId: 'bob' });
    await until(() => his.status.current === 'ended', 'the text ends');
    expect(his.ended).toMatchObject({ code: 'FORBIDDEN' });
    expect(his.text).toBe('seen');
    expect(() => his.edit(atEnd(0, 'more'))).toThrow(expect.objectContaining({ code: 'ENDED' }));
    await his.close();
    await Promise.all([ada.close(), bob.close()]);
  });

  it('[P11] is NOT_FOUND where there is none, and ends with its client', async () => {
    const ada = enter('ada', 'websocket');
    await expect(ada.document('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const text = await ada.document(await createDocument(ada, 'here'));
    await ada.close();
    await until(() => text.status.current === 'ended', 'the text ends');
    await text.close();
    await expect(ada.document('nothing')).rejects.toMatchObject({ name: 'ConnectionLost' });
  });
});
