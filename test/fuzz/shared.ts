import { AddCollaboratorDocument, CreateDocumentDocument } from '../../src/sdk/generated.ts';
import type { TestClient } from '../support/client.ts';

const CONTENT = 'The quick 🦊 jumps over\nthe lazy 🐕.\n';

/** Creates a document that all users may edit. */
export async function createShared(owner: TestClient, id: string, users: readonly string[]): Promise<void> {
  await owner.request(CreateDocumentDocument, { input: { id, title: id, content: CONTENT } });
  for (const userId of users) {
    if (userId === owner.userId) continue;
    await owner.request(AddCollaboratorDocument, { documentId: id, userId, role: 'EDITOR' });
  }
}
