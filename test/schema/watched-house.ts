import { createSourceEventStream, type GraphQLSchema, parse } from 'graphql';
import { type Logger, pino } from 'pino';
import { createUsers, type Users } from '../../src/auth/users.ts';
import { type Collaboration, createCollaboration } from '../../src/collaboration/collaboration.ts';
import type { CollaborationEvent, SessionView } from '../../src/collaboration/events.ts';
import { type Compliance, createCompliance } from '../../src/compliance/compliance.ts';
import { scan } from '../../src/compliance/scanner/scan.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { RequestContext, Viewer } from '../../src/platform/graphql/context.ts';
import { createTextBudget } from '../../src/platform/graphql/text-budget.ts';
import { Upload } from '../../src/platform/graphql/upload.ts';
import { isSource, pulledSource } from '../../src/platform/realtime/source.ts';
import type { Batch } from '../../src/processing/batch.ts';
import { isTerminal } from '../../src/processing/job.ts';
import { createProcessing, type Processing } from '../../src/processing/processing.ts';
import type { JobState } from '../../src/processing/streams.ts';
import type { SystemStatus } from '../../src/system/monitor.ts';
import type { System } from '../../src/system/system.ts';
import { createDesk, LIMITS, type Service } from '../support/documents.ts';
import { until } from '../support/raw-socket.ts';
import { openSystem } from '../support/system.ts';

/** The document that all of this is about, in every tenant. */
export const DOCUMENT = 'd';
const TENANTS = ['acme', 'beta'];

/** Whoever asks differs from the others in everything that a context says. */
const viewerOf = (userId: string, tenantId: string, serial: number): Viewer => ({
  tenantId,
  userId,
  name: `${userId} of ${tenantId}`,
  // Who may see how the system does may see everything else, too.
  roles: ['admin', `role-${serial}`],
  tokenExpiresAt: Date.UTC(2040, 0, serial),
});

const log: Logger = pino({ level: 'silent' });

/** A context of an operation of this viewer. */
export const contextOf = (viewer: Viewer): RequestContext => {
  const name = `${viewer.tenantId}-${viewer.userId}`;
  return {
    viewer,
    tenantId: viewer.tenantId,
    clientId: `${name}-tab`,
    connectionId: `${name}-connection`,
    lastEventId: null,
    requestId: `${name}-request`,
    log,
    texts: createTextBudget(LIMITS.documentChars),
  };
};

export interface WatchedTenant {
  /** The owner of the document, and somebody who may read it. */
  readonly viewers: readonly [Viewer, Viewer];
  /** What each subscription field has delivered to either of them, before it was rendered for anybody. */
  readonly events: Readonly<Record<string, readonly unknown[]>>;
}

export interface WatchedHouse {
  readonly service: Service;
  readonly users: Users;
  readonly collaboration: Collaboration;
  readonly compliance: Compliance;
  readonly processing: Processing;
  readonly system: System;
  readonly tenants: readonly WatchedTenant[];
  close(): Promise<void>;
}

type SchemaOf = (
  features: Pick<WatchedHouse, 'users' | 'collaboration' | 'compliance' | 'processing' | 'system'> &
    Pick<Service, 'documents'>,
) => GraphQLSchema;

/** What a subscription is asked for with; of the log of a document its new events alone. */
type Args = Readonly<Record<string, string | number | undefined>>;

const PROSE =
  'The cat sat on the warm mat and looked at the small birds in the garden. The birds sang all morning, and the cat ' +
  'listened to the birds. In the evening the garden was quiet, and the cat went home to sleep beside the stove.';

/** Takes what a subscription delivers, unrendered, until the returned function is called. */
const collect = async (
  schema: GraphQLSchema,
  field: string,
  viewer: Viewer,
  given: Args,
  take: (event: unknown) => void,
): Promise<() => void> => {
  const { args = [] } = schema.getSubscriptionType()?.getFields()[field] ?? {};
  const of = args.some(({ name }) => name === 'documentId') ? ['documentId'] : ['batchId', 'after'];
  const list = args
    .filter(({ name }) => of.includes(name) && given[name] !== undefined)
    .map(({ name }) => `${name}: ${JSON.stringify(given[name])}`)
    .join(', ');
  const document = parse(`subscription { ${field}${list && `(${list})`} { __typename } }`);
  const stream = await createSourceEventStream({ schema, document, contextValue: contextOf(viewer) });
  if (!(Symbol.asyncIterator in stream)) throw new Error(`${field} was refused`, { cause: stream.errors });
  const source = isSource(stream)
    ? stream
    : pulledSource(stream as AsyncIterableIterator<unknown, undefined>);
  return source.deliver<unknown>(
    { render: (event) => event },
    {
      hasRoom: true,
      offer(event) {
        take(event);
        return true;
      },
      whenRoom: (call) => queueMicrotask(call),
      end: () => {},
    },
  );
};

const isKind =
  (kind: CollaborationEvent['kind']) =>
  (event: unknown): boolean =>
    (event as CollaborationEvent).kind === kind;

/**
 * The real services on a database, with the same document id in two tenants that name the same users otherwise, and
 * everything happening to it that a subscription tells. All subscriptions stay open until it is closed.
 */
export const openWatchedHouse = async (schemaOf: SchemaOf): Promise<WatchedHouse> => {
  const desk = await createDesk();
  const service = await desk.open();
  const { documents, broker, clock } = service;
  const users = createUsers(service.database, clock);
  const collaboration = createCollaboration({ documents, broker, clock });
  const compliance = createCompliance({ database: service.database, documents, broker, clock });
  const processing = createProcessing({
    database: service.database,
    documents,
    compliance,
    broker,
    // Real workers take real time.
    clock: systemClock,
    log,
    workers: 1,
    limits: { ...LIMITS, stepMs: 30_000, workerMb: 512 },
  });
  const opened = await openSystem({
    database: service.database,
    databaseFile: desk.file,
    broker,
    clock,
  });
  const { system } = opened;
  const schema = schemaOf({ users, collaboration, compliance, processing, system, documents });
  const fields = Object.keys(schema.getSubscriptionType()?.getFields() ?? {});
  const closers: (() => void)[] = [];

  const raise = async (tenantId: string, text: string): Promise<void> => {
    const scanned = { tenantId, documentId: DOCUMENT, findings: await scan(text), at: clock.now() };
    const raised = await service.query
      .transaction()
      .execute((transaction) => compliance.raise(transaction, [scanned]));
    compliance.announce(raised.get(scanned) ?? []);
  };

  /** Opens all subscriptions to what is there. */
  const watch = async (tenantId: string, index: number) => {
    // The owner here is the reader there.
    const names = index === 0 ? ['ada', 'bob'] : ['bob', 'ada'];
    const viewers = names.map((name, at) => viewerOf(name, tenantId, 1 + 2 * index + at)) as [Viewer, Viewer];
    const guest = viewerOf('cem', tenantId, 9);
    const [owner, reader] = viewers;
    for (const viewer of [...viewers, guest]) await users.remember(viewer);
    await documents.create(owner, {
      id: DOCUMENT,
      title: `Notes of ${tenantId}`,
      content: `Of ${tenantId}. ${PROSE} Write to ${owner.userId}@${tenantId}.example.org today.`,
    });
    const broken = new Upload({ name: 'broken.bin', type: '' }, async function* () {
      yield Buffer.from([0, 1, 2, 3]);
    });
    const { id: brokenId } = await documents.files.upload(owner, { file: broken });
    const request = { priority: 5, maxAttempts: 1 };
    const { batchId } = await processing.batches.start(owner, [brokenId, DOCUMENT], request);
    await documents.collaborators.add(owner, DOCUMENT, reader.userId, 'VIEWER');
    const client = { documentId: DOCUMENT, clientId: 'tab', connectionId: null };
    const cursor = { line: 1, column: 2, position: 3, selection: 'x', selectionEnd: 4 };
    // Before anybody watches, so that the first snapshot has a cursor.
    collaboration.moveCursor(owner, client, cursor);
    await raise(tenantId, `Write to ${owner.userId}@${tenantId}.example.org`);
    await compliance.acknowledge(owner, 1);
    const events: Record<string, unknown[]> = {};
    for (const field of fields) {
      const taken: unknown[] = (events[field] = []);
      const args: Args = { documentId: DOCUMENT, batchId, after: 0 };
      // A batch is seen by who has started it.
      for (const viewer of field === 'batchProcessingUpdates' ? [owner] : viewers) {
        closers.push(await collect(schema, field, viewer, args, (event) => void taken.push(event)));
      }
    }
    // The end of a job that fails is seen of another document.
    const jobStates = (events['processingUpdates'] ??= []) as JobState[];
    const ofBroken: Args = { documentId: brokenId };
    closers.push(
      await collect(
        schema,
        'processingUpdates',
        owner,
        ofBroken,
        (event) => void jobStates.push(event as JobState),
      ),
    );
    return { tenantId, index, viewers, guest, client, cursor, events };
  };

  /** Lets everything happen that is told. */
  const happen = async ({
    tenantId,
    index,
    viewers,
    guest,
    client,
    cursor,
    events,
  }: Awaited<ReturnType<typeof watch>>): Promise<WatchedTenant> => {
    const [owner] = viewers;
    const jobStates = (events['processingUpdates'] ?? []) as JobState[];
    const told = events['collaborationEvents'] ?? [];
    const states = (events['collaborationUpdates'] ?? []) as SessionView[];
    const arrives = (what: string, isThere: () => boolean): Promise<void> =>
      until(() => {
        clock.advance(100);
        return isThere();
      }, what);
    await arrives('both are there', () => told.filter(isKind('snapshot')).length >= 2);

    await documents.apply(owner, {
      documentId: DOCUMENT,
      changes: [{ changeType: 'REPLACE', position: 0, length: 1, content: '🎈 o' }],
      argument: 'changes',
      clientId: 'tab',
    });
    for (const viewer of viewers) collaboration.moveCursor(viewer, client, cursor);
    for (const typing of [true, false]) collaboration.setTyping(owner, client, typing);
    collaboration.join(guest, client);
    collaboration.updatePresence(guest, client, 'AWAY');
    await documents.collaborators.add(owner, DOCUMENT, 'dan', 'VIEWER');
    await documents.collaborators.changeRole(owner, DOCUMENT, 'dan', 'EDITOR');
    await documents.update(owner, DOCUMENT, { title: `News of ${tenantId}` });
    await documents.collaborators.remove(owner, DOCUMENT, 'dan');
    await raise(tenantId, `Call +49 30 ${index}901820`);
    await arrives('a cursor', () => told.some(isKind('cursor-moved')));
    collaboration.leave(guest, client);
    await arrives('both are told the last of it', () => told.filter(isKind('user-left')).length >= 2);
    await arrives('a state with a cursor', () =>
      states.some(({ participants }) => participants.some((one) => one.cursor !== null)),
    );
    await arrives('the change', () => (events['documentChanges'] ?? []).length >= 1);
    await arrives('both alerts, at both', () => (events['complianceAlerts'] ?? []).length >= 4);
    const statuses = (events['systemStatusUpdates'] ?? []) as SystemStatus[];
    await arrives('a status with something wrong', () =>
      statuses.some(({ services }) => services.some(({ message }) => message !== null)),
    );
    const batches = (events['batchProcessingUpdates'] ?? []) as Batch[];
    // By the clock of the workers: who watches would be taken for gone if time were let pass.
    await until(() => batches.some(({ finishedAt }) => finishedAt !== null), 'the batch has ended');
    const hasEnded = ({ job }: JobState): boolean => job !== null && isTerminal(job.status);
    await until(() => jobStates.filter(hasEnded).length >= 3, 'all three are told of the ends of jobs');
    await arrives('metrics', () => (events['metricsUpdates'] ?? []).length >= 2);
    return { viewers, events };
  };

  const tenants: WatchedTenant[] = [];
  const watched = [];
  for (const [index, tenantId] of TENANTS.entries()) watched.push(await watch(tenantId, index));
  processing.start();
  for (const tenant of watched) tenants.push(await happen(tenant));
  return {
    service,
    users,
    collaboration,
    compliance,
    processing,
    system,
    tenants,
    async close() {
      for (const close of closers) close();
      collaboration.close();
      await processing.stop();
      await opened.close();
      await desk.close();
    },
  };
};
