// Another process that raises alerts on the data of a running server, as an instance does that works on documents.
//
//   alerts-process.ts <DATA_DIR> <REDIS_URL>
//
// Each line on its standard input is `{"tenantId","documentId","text"}`: the text is scanned, and what it holds is raised
// and announced. It answers with a line, `{"sequences"}`: the alerts' places in the log of the tenant. It ends with its input.
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { createCompliance } from '../../src/compliance/compliance.ts';
import { scan } from '../../src/compliance/scanner/scan.ts';
import { createDocuments } from '../../src/documents/documents.ts';
import { systemClock as clock } from '../../src/platform/clock.ts';
import { readConfig } from '../../src/platform/config.ts';
import { createRedisBroker } from '../../src/platform/realtime/redis-broker.ts';
import { createBlobs } from '../../src/platform/storage/blobs.ts';
import { openSqlite } from '../../src/platform/storage/sqlite.ts';
import { LIMITS } from './documents.ts';
import { testSecret } from './tokens.ts';

interface Order {
  readonly tenantId: string;
  readonly documentId: string;
  readonly text: string;
}

const [DATA_DIR = '', REDIS_URL = ''] = process.argv.slice(2);
const { databaseFile, redis } = readConfig({ AUTH_SECRET: testSecret, DATA_DIR, REDIS_URL });
if (!redis) throw new Error('it needs a Redis');
const database = await openSqlite({ file: databaseFile });
const broker = await createRedisBroker({ ...redis, log: pino({ level: 'silent' }) });
const blobs = createBlobs({ database, clock });
const documents = createDocuments({ database, broker, clock, blobs, limits: LIMITS, onSnapshotError() {} });
const compliance = createCompliance({ database, documents, broker, clock });

for await (const line of createInterface({ input: process.stdin })) {
  const { text, ...key } = JSON.parse(line) as Order;
  const scanned = { ...key, findings: await scan(text), at: clock.now() };
  const raised = await database.query
    .transaction()
    .execute((transaction) => compliance.raise(transaction, [scanned]));
  const alerts = raised.get(scanned) ?? [];
  compliance.announce(alerts);
  process.stdout.write(`${JSON.stringify({ sequences: alerts.map(({ sequence }) => sequence) })}\n`);
}
await broker.close();
await database.close();
