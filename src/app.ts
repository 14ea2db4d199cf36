import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import { demoToken, demoUsers, developmentAuth } from './auth/development.ts';
import { authTypes } from './auth/schema.ts';
import { createTokens } from './auth/tokens.ts';
import { createUsers, type Users, userMigrations } from './auth/users.ts';
import { type Collaboration, createCollaboration } from './collaboration/collaboration.ts';
import { collaborationTypes } from './collaboration/schema.ts';
import { createDocuments, type Documents } from './documents/documents.ts';
import { documentScopes, documentTypes } from './documents/schema.ts';
import { documentMigrations } from './documents/tables.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import type { Config } from './platform/config.ts';
import { createBuilder, platformScopes } from './platform/graphql/builder.ts';
import type { Broker } from './platform/realtime/broker.ts';
import { createMemoryBroker } from './platform/realtime/memory-broker.ts';
import { createRedisBroker } from './platform/realtime/redis-broker.ts';
import { createServer } from './platform/server/http.ts';
import type { ServerCounts } from './platform/server/options.ts';
import { migrate } from './platform/storage/migrate.ts';
import { openSqlite } from './platform/storage/sqlite.ts';

export interface Features {
  readonly users: Users;
  readonly documents: Documents;
  readonly collaboration: Collaboration;
}

/** The schema of all features. Printing it needs none of them to run, so they may be stand-ins there. */
export function buildSchema(
  { users, documents, collaboration }: Features,
  limits: { page: number },
): GraphQLSchema {
  const builder = createBuilder({ ...platformScopes, ...documentScopes(documents) });
  const auth = authTypes(builder, users);
  const documentRefs = documentTypes(builder, documents, auth, limits);
  collaborationTypes(builder, collaboration, auth, documentRefs);
  return builder.toSchema();
}

/** What is open at the moment; all of it is 0 when the last client has gone. */
export interface Counts extends ServerCounts {
  /** Documents whose changes somebody watches here. */
  readonly feeds: number;
  /** Distinct selections of the same feed. */
  readonly groups: number;
  readonly subscribers: number;
  /** Documents that somebody is on. */
  readonly sessions: number;
  /** Of the broker. */
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

/** Puts all parts together: the one place that knows every feature. Rejects when a part cannot start. */
export async function createApp(config: Config, log: Logger, clock: Clock = systemClock): Promise<App> {
  const auth = config.auth.mode === 'development' ? await developmentAuth(config.dataDir) : config.auth;
  const development = config.auth.mode === 'development';
  const tokens = createTokens(auth, clock);
  const database = await openSqlite({ file: config.databaseFile });
  await migrate(database, [...userMigrations, ...documentMigrations]);
  const broker: Broker = config.redis
    ? await createRedisBroker({ ...config.redis, log })
    : createMemoryBroker();

  const users = createUsers(database, clock);
  const documents = createDocuments({
    database,
    broker,
    clock,
    limits: config.limits,
    onSnapshotError: (error) => log.warn({ err: error }, 'a snapshot was not written'),
  });
  documents.indexer.start((error) => log.warn({ err: error }, 'a text was not indexed'));
  const collaboration = createCollaboration({ documents, broker, clock });
  const schema = buildSchema({ users, documents, collaboration }, config.limits);

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
  });

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    await server.close();
    collaboration.close();
    await documents.indexer.stop();
    await documents.settled();
    await broker.close();
    await database.close();
  }

  return {
    listen: () => server.listen(),
    counts: () => ({
      ...server.counts(),
      ...documents.streams.counts(),
      sessions: collaboration.activeDocuments,
      listeners: broker.stats().listeners,
    }),
    demoTokens: () => Promise.all(demo.map(async ({ name, token }) => ({ name, token: await token() }))),
    close: () => (closing ??= close()),
  };
}
