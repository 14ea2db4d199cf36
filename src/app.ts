import { fileURLToPath } from 'node:url';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import { demoToken, demoUsers, developmentAuth } from './auth/development.ts';
import { authTypes } from './auth/schema.ts';
import { createTokens } from './auth/tokens.ts';
import { createUsers, type Users, userMigrations } from './auth/users.ts';
import { type Collaboration, createCollaboration } from './collaboration/collaboration.ts';
import { collaborationTypes } from './collaboration/schema.ts';
import { type Compliance, createCompliance } from './compliance/compliance.ts';
import { complianceTypes } from './compliance/schema.ts';
import { complianceMigrations } from './compliance/tables.ts';
import { createDocuments, type Documents } from './documents/documents.ts';
import { documentScopes, documentTypes } from './documents/schema.ts';
import { documentMigrations } from './documents/tables.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import type { Config } from './platform/config.ts';
import { createBuilder, platformScopes } from './platform/graphql/builder.ts';
import { createInstruments } from './platform/metrics/instruments.ts';
import type { Broker } from './platform/realtime/broker.ts';
import { createMemoryBroker } from './platform/realtime/memory-broker.ts';
import { createRedisBroker } from './platform/realtime/redis-broker.ts';
import { createServer } from './platform/server/http.ts';
import type { ServerCounts } from './platform/server/options.ts';
import { blobMigrations } from './platform/storage/blob-tables.ts';
import { createBlobs } from './platform/storage/blobs.ts';
import type { Database, Migration } from './platform/storage/database.ts';
import { migrate } from './platform/storage/migrate.ts';
import { openSqlite } from './platform/storage/sqlite.ts';
import { readVersion } from './platform/version.ts';
import { createProcessing, type Processing } from './processing/processing.ts';
import { processingResources } from './processing/resources.ts';
import { processingTypes } from './processing/schema.ts';
import { processingMigrations } from './processing/tables.ts';
import { systemMigrations } from './system/instances.ts';
import { queueProbe, workerProbe } from './system/processing-probes.ts';
import { systemTypes } from './system/schema.ts';
import { createSystem, type System } from './system/system.ts';

/** The migrations of every part: they run in the order of their names. */
export const migrations: readonly Migration[] = [
  ...userMigrations,
  ...blobMigrations,
  ...documentMigrations,
  ...complianceMigrations,
  ...processingMigrations,
  ...systemMigrations,
];

export interface Features {
  readonly users: Users;
  readonly documents: Documents;
  readonly collaboration: Collaboration;
  readonly compliance: Compliance;
  readonly processing: Processing;
  readonly system: System;
}

/** The schema of all features. Printing it needs none of them to run, so they may be stand-ins there. */
export function buildSchema(
  { users, documents, collaboration, compliance, processing, system }: Features,
  limits: { page: number },
): GraphQLSchema {
  const builder = createBuilder({ ...platformScopes, ...documentScopes(documents) });
  const auth = authTypes(builder, users);
  const documentRefs = documentTypes(builder, documents, auth, limits);
  collaborationTypes(builder, collaboration, auth, documentRefs);
  const complianceRefs = complianceTypes(builder, compliance, auth, documentRefs, limits);
  processingTypes(builder, processing, auth, documentRefs, complianceRefs, limits);
  systemTypes(builder, system);
  return builder.toSchema();
}

/** What is open at the moment; all of it is 0 when the last client has gone. */
export interface Counts extends ServerCounts {
  /** Logs that somebody watches here: of documents' changes, of tenants' alerts. */
  readonly feeds: number;
  /** Distinct selections of the same log. */
  readonly groups: number;
  readonly subscribers: number;
  /** Documents that somebody is on. */
  readonly sessions: number;
  /** Of the broker, without the one that hears of jobs to be run. */
  readonly listeners: number;
}

export interface App {
  /** Starts listening; resolves with where. */
  listen(): Promise<{ url: string; port: number }>;
  /** A token for each demo user, in development mode; none otherwise. */
  demoTokens(): Promise<{ name: string; token: string }[]>;
  counts(): Counts;
  /** Stops gracefully within 10 s: what is acknowledged is on the disk, sockets are told. Idempotent. */
  close(): Promise<void>;
}

/** What a test may have otherwise. */
export interface AppSurroundings {
  readonly clock?: Clock;
  /** Stands between every feature and the database. */
  readonly through?: (database: Database) => Database;
}

/** Puts all parts together: the one place that knows every feature. Rejects when a part cannot start. */
export async function createApp(
  config: Config,
  log: Logger,
  { clock = systemClock, through = (database) => database }: AppSurroundings = {},
): Promise<App> {
  const auth = config.auth.mode === 'development' ? await developmentAuth(config.dataDir) : config.auth;
  const development = config.auth.mode === 'development';
  const tokens = createTokens(auth, clock);
  const opened = await openSqlite({ file: config.databaseFile });
  await migrate(opened, migrations);
  const database = through(opened);
  const blobs = createBlobs({ database, clock });
  await blobs.sweep();
  const broker: Broker = config.redis
    ? await createRedisBroker({ ...config.redis, log })
    : createMemoryBroker();

  const instruments = createInstruments(clock);
  const users = createUsers(database, clock);
  const documents = createDocuments({
    database,
    broker,
    clock,
    blobs,
    limits: config.limits,
    onSnapshotError: (error) => log.warn({ err: error }, 'a snapshot was not written'),
    onDelivered: ({ timestamp }, subscribers) =>
      instruments.deliveryLatency.record(clock.now() - timestamp, subscribers),
  });
  documents.indexer.start((error) => log.warn({ err: error }, 'a text was not indexed'));
  const collaboration = createCollaboration({ documents, broker, clock });
  const compliance = createCompliance({ database, documents, broker, clock });
  const processing = createProcessing({
    database,
    documents,
    compliance,
    broker,
    clock,
    log,
    workers: config.workers,
    limits: config.limits,
  });
  let url: string | null = null;
  const system = createSystem({
    database,
    databaseFile: config.databaseFile,
    broker,
    instruments,
    activity() {
      const { signedIn, eventStreams, subscriptions } = server.counts();
      const open = new Set([...documents.streams.watched(), ...collaboration.occupied()]);
      const connections = signedIn + eventStreams;
      return { connections, subscriptions, documents: open.size, jobs: processing.running };
    },
    address: () => url,
    probes: [queueProbe(processing), workerProbe(processing)],
    thresholds: config.health,
    isOpen: development,
    version: await readVersion(),
    clock,
    log,
  });
  const schema = buildSchema(
    { users, documents, collaboration, compliance, processing, system },
    config.limits,
  );

  const demo =
    auth.mode === 'secret' && development
      ? demoUsers.map((user) => ({ name: user.name, token: () => demoToken(auth, user, clock) }))
      : [];

  const server = createServer({
    schema,
    async authenticate(token) {
      const viewer = await tokens.verify(token);
      users.remember(viewer).catch((error: unknown) => log.warn({ err: error }, 'a name was not written'));
      return viewer;
    },
    config: { ...config, development },
    log,
    clock,
    async ready() {
      const unreachable = (error: unknown): string => {
        log.error({ err: error }, 'the database does not answer');
        return 'no answer';
      };
      return { database: await database.ping().then(() => 'ok', unreachable) };
    },
    demoUsers: demo,
    consoleDirectory: fileURLToPath(new URL('./console/', import.meta.url)),
    resources: processingResources,
    instruments,
  });

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    // First, so that nobody counts on it while it stops.
    await Promise.all([system.close(), server.close(), processing.stop()]);
    instruments.close();
    collaboration.close();
    await documents.indexer.stop();
    await documents.settled();
    await broker.close();
    await database.close();
  }

  return {
    async listen() {
      const at = await server.listen();
      ({ url } = at);
      processing.start();
      return at;
    },
    counts() {
      const changes = documents.streams.counts();
      const alerts = compliance.streams.counts();
      return {
        ...server.counts(),
        feeds: changes.feeds + alerts.feeds,
        groups: changes.groups + alerts.groups,
        subscribers: changes.subscribers + alerts.subscribers,
        sessions: collaboration.activeDocuments,
        listeners: broker.stats().listeners - processing.listeners,
      };
    },
    demoTokens: () => Promise.all(demo.map(async ({ name, token }) => ({ name, token: await token() }))),
    close: () => (closing ??= close()),
  };
}
