import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BlobTables, blobMigrations, CHUNK_BYTES } from '../../../src/platform/storage/blob-tables.ts';
import { type Blobs, createBlobs, LEFT_OVER_MS, type Receipt } from '../../../src/platform/storage/blobs.ts';
import type { Database } from '../../../src/platform/storage/database.ts';
import { migrate } from '../../../src/platform/storage/migrate.ts';
import { openSqlite } from '../../../src/platform/storage/sqlite.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { type ContractTables, createContractTables } from './append.ts';

const ROOMY = 100_000_000;

let directory: string;
let database: Database;
let query: Kysely<BlobTables>;
let clock: ManualClock;
let blobs: Blobs;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quire-blobs-'));
  database = await openSqlite({ file: join(directory, 'quire.db') });
  await migrate(database, blobMigrations);
  query = database.query.withTables<BlobTables>();
  clock = createManualClock();
  blobs = createBlobs({ database, clock });
});

afterEach(async () => {
  await database.close();
  await rm(directory, { recursive: true });
});

/** Bytes in pieces of a size that fits no chunk. */
async function* piecesOf(bytes: Uint8Array, size = 100_003): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const receive = (bytes: Uint8Array, tenantId = 'acme', maxBytes = ROOMY): Promise<Receipt> =>
  blobs.receive(tenantId, piecesOf(bytes), maxBytes);
const keep = (receipt: Receipt) =>
  database.query.transaction().execute((transaction) => blobs.keep(transaction, receipt));
const drop = (digest: string, tenantId = 'acme') =>
  database.query.transaction().execute((transaction) => blobs.drop(transaction, tenantId, digest));
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function read(digest: string, tenantId = 'acme'): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of blobs.read(tenantId, digest)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** How many rows each table has. */
async function rows() {
  const count = async (table: keyof BlobTables) =>
    (await query.selectFrom(table).select('tenant_id').execute()).length;
  return {
    blobs: await count('blobs'),
    chunks: await count('blob_chunks'),
    uploads: await count('blob_uploads'),
  };
}

const NOTHING = { blobs: 0, chunks: 0, uploads: 0 };
const NOT_FOUND = { name: 'QuireError', code: 'NOT_FOUND' };

describe('a blob', () => {
  it.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 1_000_000])(
    'of %i bytes is given back as it came, in chunks of 256 KB',
    async (length) => {
      const bytes = randomBytes(length);
      const kept = await keep(await receive(bytes));
      expect(kept).toEqual({ digest: digestOf(bytes), bytes: length });
      expect((await read(kept.digest)).equals(bytes)).toBe(true);
      const chunks = await query.selectFrom('blob_chunks').select('content').orderBy('sequence').execute();
      const full = Math.floor(length / CHUNK_BYTES);
      const rest = length % CHUNK_BYTES;
      expect(chunks.map(({ content }) => content.length)).toEqual([
        ...Array<number>(full).fill(CHUNK_BYTES),
        ...(rest > 0 ? [rest] : []),
      ]);
      expect(await rows()).toEqual({ blobs: 1, chunks: chunks.length, uploads: 0 });
    },
  );

  it('is there with the commit of whoever keeps it, and not before or without it', async () => {
    const receipt = await receive(randomBytes(10));
    await expect(read(receipt.digest)).rejects.toMatchObject(NOT_FOUND);
    const failed = database.query.transaction().execute(async (transaction) => {
      await blobs.keep(transaction, receipt);
      throw new Error('something else went wrong');
    });
    await expect(failed).rejects.toThrow('something else');
    await expect(read(receipt.digest)).rejects.toMatchObject(NOT_FOUND);
    await keep(receipt);
    expect(await read(receipt.digest)).toHaveLength(10);
  });

  it('is stored once for a tenant, and given for each of its receipts', async () => {
    const bytes = randomBytes(700_000);
    const first = await keep(await receive(bytes));
    const before = await rows();
    expect(await keep(await receive(bytes))).toEqual(first);
    expect(await rows()).toEqual(before);
    expect((await read(first.digest)).equals(bytes)).toBe(true);
  });

  it('is stored once when it comes several times at once', async () => {
    const bytes = randomBytes(700_000);
    const kept = await Promise.all([1, 2, 3, 4].map(async () => keep(await receive(bytes))));
    expect(new Set(kept.map(({ digest }) => digest)).size).toBe(1);
    expect(await rows()).toEqual({ blobs: 1, chunks: 3, uploads: 0 });
    expect((await read(digestOf(bytes))).equals(bytes)).toBe(true);
  });

  it('[P9] belongs to its tenant: equal bytes of another are not seen, and not dropped', async () => {
    const bytes = randomBytes(300_000);
    const { digest } = await keep(await receive(bytes, 'acme'));
    await expect(read(digest, 'globex')).rejects.toMatchObject(NOT_FOUND);
    await keep(await receive(bytes, 'globex'));
    expect(await rows()).toEqual({ blobs: 2, chunks: 4, uploads: 0 });
    await drop(digest, 'globex');
    await expect(read(digest, 'globex')).rejects.toMatchObject(NOT_FOUND);
    expect((await read(digest, 'acme')).equals(bytes)).toBe(true);
    expect(await rows()).toEqual({ blobs: 1, chunks: 2, uploads: 0 });
  });

  it('is gone with all of its rows once it is dropped, and may come again', async () => {
    const bytes = randomBytes(1_000_000);
    const { digest } = await keep(await receive(bytes));
    await drop(digest);
    expect(await rows()).toEqual(NOTHING);
    await drop(digest);
    await keep(await receive(bytes));
    expect((await read(digest)).equals(bytes)).toBe(true);
  });

  it('ends a reader with NOT_FOUND when it is dropped meanwhile', async () => {
    const { digest } = await keep(await receive(randomBytes(1_000_000)));
    const reader = blobs.read('acme', digest);
    expect((await reader.next()).value).toHaveLength(CHUNK_BYTES);
    await drop(digest);
    await expect(reader.next()).rejects.toMatchObject(NOT_FOUND);
  });
});

describe('what is received', () => {
  it('may have as many bytes as are allowed, and not one more: nothing is left of it then', async () => {
    const bytes = randomBytes(600_001);
    expect(await receive(bytes, 'acme', 600_001)).toMatchObject({ bytes: 600_001 });
    const before = await rows();
    await expect(receive(bytes, 'acme', 600_000)).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: expect.stringContaining('600000') as string,
    });
    expect(await rows()).toEqual(before);
  });

  it('is refused as soon as it is too long, whatever else would come', async () => {
    let taken = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; ; taken += 1) yield new Uint8Array(100_000);
    }
    await expect(blobs.receive('acme', endless(), 1_000_000)).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
    });
    expect(taken).toBe(10);
    expect(await rows()).toEqual(NOTHING);
  });

  it('leaves nothing when its stream fails', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield randomBytes(600_000);
      throw new Error('the client has gone');
    }
    await expect(blobs.receive('acme', failing(), ROOMY)).rejects.toThrow('the client has gone');
    expect(await rows()).toEqual(NOTHING);
  });

  it('is on the disk as it comes, and lets others write in between', async () => {
    await createContractTables(database);
    const entries = database.query.withTables<ContractTables>();
    let written = 0;
    async function* slow(): AsyncGenerator<Uint8Array> {
      for (let chunk = 0; chunk < 5; chunk += 1) {
        yield randomBytes(CHUNK_BYTES);
        // The store holds no transaction while it waits: this would wait for its end, for ever.
        await entries
          .insertInto('counters')
          .values({ id: `${chunk}`, total: (await rows()).chunks, note: `${chunk}` })
          .execute();
        written += 1;
      }
    }
    await blobs.receive('acme', slow(), ROOMY);
    expect(written).toBe(5);
    const seen = await entries.selectFrom('counters').select('total').orderBy('id').execute();
    expect(seen.map(({ total }) => total)).toEqual([1, 2, 3, 4, 5]);
  });

  it('may be discarded, again and again; what is kept stays', async () => {
    const bytes = randomBytes(6_000_000);
    const unwanted = await receive(bytes);
    expect((await rows()).chunks).toBe(23);
    await blobs.discard(unwanted);
    await blobs.discard(unwanted);
    expect(await rows()).toEqual(NOTHING);
    const receipt = await receive(bytes);
    await keep(receipt);
    await blobs.discard(receipt);
    expect((await read(receipt.digest)).equals(bytes)).toBe(true);
  });

  it('is kept once: its receipt is good for nothing afterwards', async () => {
    const receipt = await receive(randomBytes(10));
    await keep(receipt);
    await expect(keep(receipt)).rejects.toThrow('kept already');
    const discarded = await receive(randomBytes(10));
    await blobs.discard(discarded);
    await expect(keep(discarded)).rejects.toThrow('was discarded');
    expect(await rows()).toEqual({ blobs: 1, chunks: 1, uploads: 0 });
  });

  it('and never kept, because the process died, is swept after a day', async () => {
    const bytes = randomBytes(5_000_000);
    const kept = await keep(await receive(randomBytes(10)));
    // What a killed process leaves: nobody has the receipt any more.
    await receive(bytes);
    await receive(randomBytes(10), 'globex');
    clock.advance(LEFT_OVER_MS);
    await blobs.sweep();
    expect((await rows()).uploads).toBe(2);
    const young = await receive(randomBytes(10));
    clock.advance(1);
    await blobs.sweep();
    expect(await rows()).toEqual({ blobs: 1, chunks: 2, uploads: 1 });
    expect(await read(kept.digest)).toHaveLength(10);
    await keep(young);
    expect(await read(young.digest)).toHaveLength(10);
  });

  it('is swept also when more of it is left than one look gives', async () => {
    for (let upload = 0; upload < 201; upload += 1) await receive(new Uint8Array(1));
    clock.advance(LEFT_OVER_MS + 1);
    await blobs.sweep();
    expect(await rows()).toEqual(NOTHING);
  });
});
