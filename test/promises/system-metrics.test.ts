import { join } from 'node:path';
import { print } from 'graphql';
import { afterEach, describe, expect, it } from 'vitest';
import { MetricsDocument, MetricsUpdatesDocument } from '../../src/sdk/generated.ts';
import { until } from '../support/raw-socket.ts';
import { CHANGES, changeOf, createDocument, type Guest, insert, must, type Stream } from './guest.ts';
import { type InProcess, openInProcess } from './in-process.ts';

const WATCH = print(MetricsUpdatesDocument);
const EDITS = 20;
const SOCKETS = 5;

interface Metrics {
  readonly activeConnections: number;
  readonly activeSubscriptions: number;
  readonly activeDocuments: number;
  readonly averageResponseTime: number;
  readonly p99ResponseTime: number;
  readonly eventsPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly deliveryLatencyP99: number;
  readonly instances: number;
  readonly lastUpdated: string;
}

let servers: InProcess[] = [];
afterEach(async () => {
  for (const server of servers.reverse()) await server.close();
  servers = [];
});

const open = async (env?: Readonly<Record<string, string>>): Promise<InProcess> => {
  const server = await openInProcess(env);
  servers.push(server);
  return server;
};

const admin = (server: InProcess): Promise<Guest> => server.enter('olga', { roles: ['admin'] });

const metricsOf = async (guest: Guest): Promise<Metrics> =>
  (await must(guest.ask(print(MetricsDocument))))['metrics'] as Metrics;

/** The totals beside a status. */
const totalsOf = async (guest: Guest): Promise<Readonly<Record<string, number>>> => {
  const { systemStatus } = await must(guest.ask('{ systemStatus { metrics } }'));
  return (systemStatus as { metrics: Record<string, number> }).metrics;
};

const grown = (after: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]));

describe('the metrics of a server', () => {
  it('add up to what was asked, changed and delivered', async () => {
    const server = await open();
    const [olga, ada, bob] = [await admin(server), await server.enter('ada'), await server.enter('bob')];
    await createDocument(ada, 'plan', { editors: ['bob'] });
    await createDocument(ada, 'other', { editors: ['bob'] });
    const streams: Stream[] = [];
    for (let count = 0; count < SOCKETS; count += 1) {
      streams.push((await server.enter('bob')).subscribe(CHANGES, { id: 'plan', after: 0 }));
    }
    for (let count = 0; count < 2; count += 1) {
      streams.push(await server.follow('bob', CHANGES, { id: 'plan', after: 0 }));
    }
    // On the document that is watched already, and on another one.
    for (const id of ['plan', 'other']) {
      await must(ada.ask('mutation ($id: ID!) { joinDocument(documentId: $id) { documentId } }', { id }));
    }
    await until(() => server.counts().subscribers === streams.length, 'all have subscribed');

    const before = await totalsOf(olga);
    const since = performance.now();
    for (let edit = 0; edit < EDITS; edit += 1) await insert(ada, 'plan', 'x');
    const spentMs = performance.now() - since;
    await until(() => streams.every(({ results }) => results.length === EDITS), 'everybody has everything');
    for (const { results } of streams) expect(results.map(changeOf).at(-1)?.revision).toBe(EDITS);
    await must(bob.ask('{ viewer { tenantId } }'));

    expect(grown(await totalsOf(olga), before)).toMatchObject({
      // Theirs, the question about the viewer, and the first of the two about the totals.
      responses_last_minute: EDITS + 2,
      events_published_total: EDITS,
      deliveries_total: EDITS * streams.length,
    });
    const now = await metricsOf(olga);
    expect(now).toMatchObject({
      activeConnections: 3 + streams.length,
      activeSubscriptions: streams.length,
      activeDocuments: 2,
      processingJobs: 0,
      // The clock has stood still.
      deliveryLatencyP99: 0,
      eventsPerSecond: 0,
      instances: 1,
      lastUpdated: new Date(server.clock.now()).toISOString(),
    });
    expect(now.averageResponseTime).toBeGreaterThan(0);
    expect(now.averageResponseTime).toBeLessThan(spentMs);
    expect(now.p99ResponseTime).toBeGreaterThanOrEqual(now.averageResponseTime);

    server.clock.advance(4_000);
    const { events_published_total: events = 0 } = await totalsOf(olga);
    expect(await metricsOf(olga)).toMatchObject({
      eventsPerSecond: events / 4,
      deliveriesPerSecond: (EDITS * streams.length) / 4,
    });
    server.clock.advance(11_000);
    expect(await metricsOf(olga)).toMatchObject({ eventsPerSecond: 0, deliveriesPerSecond: 0 });
    await server.leaveAll();
  });

  it('count nothing that was not handed over: refused operations, and what the probes do', async () => {
    const server = await open();
    const olga = await admin(server);
    const before = await totalsOf(olga);
    expect(await olga.ask('{ nothing }')).toHaveProperty('errors');
    expect(
      await olga.ask('subscription { documentChanges(documentId: "none") { revision } }'),
    ).toHaveProperty('errors');
    expect(grown(await totalsOf(olga), before)).toMatchObject({
      responses_last_minute: 1,
      deliveries_total: 0,
      active_connections: 0,
      active_subscriptions: 0,
    });
    await server.leaveAll();
  });

  it('tell how long a change was on its way, and nothing of those who catch up', async () => {
    const a = await open();
    // Without a Redis the other instance hears of a change by its own look into the log.
    const b = await open({ DATABASE_URL: `sqlite:${join(a.dataDir, 'quire.db')}` });
    const ada = await a.enter('ada');
    await createDocument(ada, 'plan', { editors: ['bob'] });
    const live = (await b.enter('bob')).subscribe(CHANGES, { id: 'plan' });
    await until(() => b.counts().subscribers === 1, 'bob watches');
    const committedAt = a.clock.now();
    await insert(ada, 'plan', 'x');
    await until(() => {
      b.clock.advance(1_000);
      return live.results.length === 1;
    }, 'bob has it');
    const waitedMs = b.clock.now() - committedAt;
    const olga = await admin(b);
    const { deliveryLatencyP99 } = await metricsOf(olga);
    // It was found at the last look, and not before the one before that.
    expect(deliveryLatencyP99).toBeGreaterThan(1_000);
    expect(deliveryLatencyP99).toBeLessThan(waitedMs * 1.02);

    a.clock.advance(20_000);
    const late = (await a.enter('bob')).subscribe(CHANGES, { id: 'plan', after: 0 });
    await until(() => late.results.length === 1, 'the late one has it');
    expect((await metricsOf(await admin(a))).deliveryLatencyP99).toBe(0);
    for (const server of [a, b]) await server.leaveAll();
  });

  it('are told every 5 s, the same to everybody, and end without a trace', async () => {
    const server = await open();
    const streams = [
      (await admin(server)).subscribe(WATCH),
      (await admin(server)).subscribe(WATCH),
      (await admin(server)).subscribe('subscription { systemStatusUpdates { status } }'),
    ] as const;
    const [one, two, status] = streams;
    const lastUpdated = async (stream: Stream): Promise<string> =>
      ((await stream.next()).data?.['metricsUpdates'] as Metrics).lastUpdated;
    const first = await lastUpdated(one);
    expect(await lastUpdated(two)).toBe(first);
    await status.next();
    for (let round = 1; round <= 3; round += 1) {
      // The next reading is due 5 s after the one before it has ended.
      await until(() => {
        server.clock.advance(250);
        return one.results.length > round && two.results.length > round;
      }, 'both are told again');
      const [at, atTwo] = [await lastUpdated(one), await lastUpdated(two)];
      expect(at).toBe(atTwo);
    }
    const times = one.results.map(({ data }) =>
      Date.parse((data?.['metricsUpdates'] as Metrics).lastUpdated),
    );
    for (const [index, time] of times.entries()) {
      if (index > 0) expect(time - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(5_000);
    }
    await server.leaveAll();
  });

  it('leave nothing running behind a server that was closed', async () => {
    const server = await openInProcess();
    const olga = await admin(server);
    for (const query of [WATCH, 'subscription { systemStatusUpdates { status } }']) {
      await olga.subscribe(query).next();
    }
    await server.close();
    await until(() => server.clock.pending === 0, 'no timer is left');
    expect(Object.values(server.counts()).filter((count) => count !== 0)).toEqual([]);
  });
});
