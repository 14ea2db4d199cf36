import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UploadDocumentDocument } from '../../src/sdk/generated.ts';
import { type InProcess, openInProcess } from '../promises/in-process.ts';
import { visit } from './visitor.ts';

let server: InProcess;
beforeAll(async () => {
  server = await openInProcess({ LIMIT_UPLOAD_BYTES: '2000000' });
});
afterAll(() => server.close());

describe('an upload by the client', () => {
  it('tells how many bytes were handed over, to the last one', async () => {
    const bob = visit(server.url);
    const file = new File(['Grüße 🎈', 'x'.repeat(1_000_000)], 'größe "1".txt');
    const told: { sent: number; total: number }[] = [];
    const document = await bob.client.uploads.send(file, {
      title: 'Balloons',
      onProgress: (progress) => told.push(progress),
    });
    expect(document).toMatchObject({ title: 'Balloons', createdBy: { id: 'bob' } });
    const sent = told.map((progress) => progress.sent);
    expect(sent).toEqual([...sent].sort((a, b) => a - b));
    expect(told.at(-1)).toEqual({ sent: told[0]?.total, total: told[0]?.total });
    expect(told[0]?.total).toBeGreaterThan(file.size);
    expect(told[0]?.total).toBeLessThan(file.size + 2_000);
    expect(told.length).toBeGreaterThan(3);
    await bob.client.close();
  });

  it('is what a mutation with a file does', async () => {
    const bob = visit(server.url);
    const file = new File(['text'], 'notes.txt');
    const { uploadDocument } = await bob.client.mutate(UploadDocumentDocument, { file });
    expect(uploadDocument.title).toBe('notes');
    expect((await bob.client.operations.UploadDocument({ file })).uploadDocument.title).toBe('notes');
    await bob.client.close();
  });

  it('[P11] that is refused says why, with the code, also when its progress is told', async () => {
    const bob = visit(server.url);
    const onProgress = (): void => {};
    await expect(bob.client.uploads.send(new File([], 'a.txt'), { onProgress })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    const large = new File(['x'.repeat(2_000_001)], 'a.txt');
    await expect(bob.client.uploads.send(large, { onProgress })).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
    });
    await bob.client.close();
  });
});
