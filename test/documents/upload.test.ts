import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { documentMigrations } from '../../src/documents/tables.ts';
import { Upload } from '../../src/platform/graphql/upload.ts';
import { type BlobTables, blobMigrations } from '../../src/platform/storage/blob-tables.ts';
import { migrate } from '../../src/platform/storage/migrate.ts';
import { openSqlite } from '../../src/platform/storage/sqlite.ts';
import {
  createDesk,
  type Desk,
  expectRefusal,
  LIMITS,
  type Person,
  type Service,
} from '../support/documents.ts';

let desk: Desk;
let service: Service;
let ada: Person;

beforeEach(async () => {
  desk = await createDesk();
  service = await desk.open();
  ada = service.as('ada');
});
afterEach(() => desk.close());

const fileOf = (bytes: Uint8Array, name = 'notes.txt'): Upload =>
  new Upload({ name, type: 'text/plain' }, async function* () {
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
  });

const upload = (
  bytes: Uint8Array,
  { name = 'notes.txt', title = null as string | null, person = ada } = {},
) => service.documents.files.upload(person.viewer, { file: fileOf(bytes, name), title });

const keyOf = ({ tenantId, id }: { tenantId: string; id: string }) => ({ tenantId, documentId: id });

const bytesOf = async (row: { tenantId: string; id: string }): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of service.documents.files.bytes(keyOf(row))) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** How many rows each table has. */
async function rows() {
  const query = service.query.withTables<BlobTables>();
  const count = async (table: 'documents' | 'document_files' | keyof BlobTables) =>
    (await query.selectFrom(table).select('tenant_id').execute()).length;
  return {
    documents: await count('documents'),
    files: await count('document_files'),
    blobs: await count('blobs'),
    chunks: await count('blob_chunks'),
    uploads: await count('blob_uploads'),
  };
}

const NOTHING = { documents: 0, files: 0, blobs: 0, chunks: 0, uploads: 0 };

describe('an uploaded document', () => {
  it('is empty, its uploader’s own, and has its file', async () => {
    const bytes = randomBytes(600_000);
    const row = await upload(bytes, { name: 'C:\\papers\\Plans.final.docx' });
    expect(row).toEqual(await ada.row(row.id));
    expect(row).toMatchObject({ title: 'Plans.final', revision: 0, length: 0, createdBy: 'ada' });
    expect(await service.documents.roleOf(ada.viewer, row.id)).toBe('OWNER');
    expect(await ada.log(row.id)).toEqual([]);
    expect(await service.documents.files.find(keyOf(row))).toEqual({
      digest: createHash('sha256').update(bytes).digest('hex'),
      name: 'Plans.final.docx',
      bytes: 600_000,
      uploadedBy: 'ada',
      uploadedAt: service.clock.now(),
      extractedAt: null,
    });
    expect((await bytesOf(row)).equals(bytes)).toBe(true);
  });

  it('has the title that is given, under the rules of any title', async () => {
    expect((await upload(randomBytes(1), { title: '  Mine ' })).title).toBe('Mine');
    for (const title of ['', ' ', 'x'.repeat(501), 'a\0b', 'a\ud83c'])
      await expectRefusal(upload(randomBytes(1), { title }), 'BAD_USER_INPUT', 'title');
    expect(await rows()).toMatchObject({ documents: 1, uploads: 0, chunks: 1 });
  });

  it('is found by its title at once, and edited like any other', async () => {
    const { id } = await upload(randomBytes(10), { name: 'Zeppelin.pdf' });
    const { page } = service.documents.search(ada.viewer, 'zeppelin');
    expect((await page(10, null)).map((found) => found.id)).toEqual([id]);
    await ada.insert(id, 0, 'Hello');
    expect(await ada.text(id)).toBe('Hello');
  });

  it('may be of any type, but not of 0 bytes', async () => {
    await upload(Buffer.from('MZ\x90\0'), { name: 'setup.exe' });
    await expectRefusal(upload(Buffer.alloc(0)), 'BAD_USER_INPUT', 'file');
    expect(await rows()).toEqual({ documents: 1, files: 1, blobs: 1, chunks: 1, uploads: 0 });
  });

  it('may be as large as a file may be, and not larger: nothing is left then', async () => {
    await expectRefusal(upload(randomBytes(LIMITS.uploadBytes + 1)), 'PAYLOAD_TOO_LARGE');
    expect(await rows()).toEqual(NOTHING);
    expect((await upload(randomBytes(LIMITS.uploadBytes))).revision).toBe(0);
  });

  it('leaves nothing when it cannot be written', async () => {
    await service.query.schema.dropTable('document_files').execute();
    await expect(upload(randomBytes(600_000))).rejects.toThrow('document_files');
    const query = service.query.withTables<BlobTables>();
    for (const table of ['documents', 'blobs', 'blob_chunks', 'blob_uploads'] as const)
      expect([table, await query.selectFrom(table).selectAll().execute()]).toEqual([table, []]);
  });

  it.each<[given: string, title: string, name: string]>([
    ['notes.txt', 'notes', 'notes.txt'],
    ['notes', 'notes', 'notes'],
    ['a.b.txt', 'a.b', 'a.b.txt'],
    ['/home/ada/notes.txt', 'notes', 'notes.txt'],
    ['..\\..\\notes.txt', 'notes', 'notes.txt'],
    ['.profile', '.profile', '.profile'],
    ['.tar.gz', '.tar', '.tar.gz'],
    ['notes.', 'notes', 'notes.'],
    ['  a \n b\u0000.txt ', 'a  b', 'a  b.txt'],
    ['Über 🎈.pdf', 'Über 🎈', 'Über 🎈.pdf'],
    ['🎈\ud83c.txt', '🎈\ufffd', '🎈\ufffd.txt'],
    [`${'🎈'.repeat(300)}.txt`, '🎈'.repeat(250), '🎈'.repeat(127)],
    [`x${'🎈'.repeat(300)}.txt`, `x${'🎈'.repeat(249)}`, `x${'🎈'.repeat(127)}`],
    ['', 'Untitled', 'Untitled'],
    ['\u0007\n', 'Untitled', 'Untitled'],
    ['folder/', 'Untitled', 'Untitled'],
    [' .txt', '.txt', '.txt'],
  ])('made of %j is called %j', async (given, title, name) => {
    const row = await upload(randomBytes(1), { name: given });
    expect(row.title).toBe(title);
    expect((await service.documents.files.find(keyOf(row)))?.name).toBe(name);
    // A title that anybody could give.
    expect((await service.documents.update(ada.viewer, row.id, { title })).title).toBe(title);
  });
});

describe('the file of a document', () => {
  it('is kept once for all documents of a tenant that came from it, and goes with the last of them', async () => {
    const bytes = randomBytes(600_000);
    const [first, second] = [await upload(bytes), await upload(bytes, { person: service.as('bob') })];
    expect(await rows()).toEqual({ documents: 2, files: 2, blobs: 1, chunks: 3, uploads: 0 });
    await service.documents.delete(ada.viewer, first.id);
    expect(await service.documents.files.find(keyOf(first))).toBeNull();
    await expectRefusal(bytesOf(first), 'NOT_FOUND');
    expect((await bytesOf(second)).equals(bytes)).toBe(true);
    await service.documents.delete(service.as('bob').viewer, second.id);
    expect(await rows()).toMatchObject({ files: 0, blobs: 0, chunks: 0, uploads: 0 });
  });

  it('stays as long as the document does: when its deletion fails, nothing has happened', async () => {
    const bytes = randomBytes(600_000);
    const row = await upload(bytes);
    await expectRefusal(service.documents.delete(service.as('bob').viewer, row.id), 'NOT_FOUND');
    await service.query.schema.alterTable('blobs').renameTo('elsewhere').execute();
    await expect(service.documents.delete(ada.viewer, row.id)).rejects.toThrow('blobs');
    await service.query.schema.alterTable('elsewhere').renameTo('blobs').execute();
    expect(await ada.row(row.id)).toEqual(row);
    expect((await bytesOf(row)).equals(bytes)).toBe(true);
  });

  it('[P9] is its tenant’s: equal files of two tenants know nothing of each other', async () => {
    const bytes = randomBytes(10);
    const here = await upload(bytes);
    const there = await upload(bytes, { person: service.as('ada', 'globex') });
    expect(await service.documents.files.find({ tenantId: 'globex', documentId: here.id })).toBeNull();
    await service.documents.delete(service.as('ada', 'globex').viewer, there.id);
    expect((await bytesOf(here)).equals(bytes)).toBe(true);
  });

  it('uploaded several times at once is kept once', async () => {
    const bytes = randomBytes(600_000);
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => upload(bytes)));
    expect(await rows()).toEqual({ documents: 5, files: 5, blobs: 1, chunks: 3, uploads: 0 });
    for (const row of all) expect((await bytesOf(row)).equals(bytes)).toBe(true);
  });

  it('uploaded again while it is deleted is there, whichever is first', async () => {
    const bytes = randomBytes(300_000);
    let row = await upload(bytes);
    for (let round = 0; round < 10; round += 1) {
      const [next] = await Promise.all([upload(bytes), service.documents.delete(ada.viewer, row.id)]);
      row = next;
      expect((await bytesOf(row)).equals(bytes)).toBe(true);
    }
    expect(await rows()).toMatchObject({ files: 1, blobs: 1, chunks: 2, uploads: 0 });
  });

  it('is none for a document that was written', async () => {
    const id = await ada.create('text');
    const key = { tenantId: 'acme', documentId: id };
    expect(await service.documents.files.find(key)).toBeNull();
    await expectRefusal(bytesOf({ tenantId: 'acme', id }), 'NOT_FOUND');
  });

  it('is marked when its text is in the document', async () => {
    const row = await upload(randomBytes(10));
    const { files } = service.documents;
    expect((await files.find(keyOf(row)))?.extractedAt).toBeNull();
    service.clock.advance(5);
    await files.markExtracted(keyOf(row));
    expect((await files.find(keyOf(row)))?.extractedAt).toBe(service.clock.now());
  });
});

it('a database of the version before is brought forward', async () => {
  const database = await openSqlite({ file: `${desk.file}.old` });
  try {
    await migrate(
      database,
      documentMigrations.filter(({ name }) => name < '012'),
    );
    await migrate(database, [...blobMigrations, ...documentMigrations]);
    expect((await database.query.introspection.getTables()).map(({ name }) => name)).toContain(
      'document_files',
    );
  } finally {
    await database.close();
  }
});
