import type { Builder } from '../platform/graphql/builder.ts';
import { healthLevels } from './health.ts';
import type { RealTimeMetrics } from './metrics.ts';
import type { ServiceHealth, SystemStatus } from './monitor.ts';
import type { System } from './system.ts';

/** Adds the status and the metrics of this instance. Nothing in them is of a tenant: all who may see them see the same. */
export function systemTypes(builder: Builder, system: System) {
  const authScopes = () => (system.isOpen ? { authenticated: true } : { role: 'admin' });

  const Health = builder.enumType('HealthStatus', {
    description: 'From best to worst. OFFLINE: it does not answer.',
    values: healthLevels,
  });

  const Service = builder.objectRef<ServiceHealth>('ServiceHealth').implement({
    description: 'A component of an instance, or a resource that it uses (memory, cpu).',
    fields: (t) => ({
      name: t.exposeString('name'),
      status: t.field({ type: Health, resolve: ({ level }) => level }),
      message: t.exposeString('message', {
        nullable: true,
        description: 'What is wrong; null while HEALTHY.',
      }),
      instanceId: t.exposeID('instanceId'),
      version: t.exposeString('version'),
      latencyMs: t.exposeFloat('latencyMs', {
        nullable: true,
        description: 'Of the last probe; null where nothing was asked, or nothing answered.',
      }),
    }),
  });

  const Status = builder.objectRef<SystemStatus>('SystemStatus').implement({
    description: 'How the instance does that answers.',
    fields: (t) => ({
      status: t.field({
        type: Health,
        description: 'That of its worst service; CRITICAL when one is OFFLINE.',
        resolve: ({ level }) => level,
      }),
      metrics: t.field({
        type: 'JSON',
        description:
          'memory_usage_mb, cpu_usage (percent of all cores), event_loop_lag_ms (p99), active_connections, thread_count, uptime_seconds, …',
        resolve: ({ metrics }) => metrics,
      }),
      activeServices: t.stringList({
        description: 'Of the components that answer: http, websocket, database, pubsub, queue, worker.',
        resolve: ({ activeServices }) => [...activeServices],
      }),
      services: t.field({ type: [Service], resolve: ({ services }) => [...services] }),
      timestamp: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    }),
  });

  const Metrics = builder.objectRef<RealTimeMetrics>('RealTimeMetrics').implement({
    description: 'The figures of the instance that answers.',
    fields: (t) => ({
      activeConnections: t.exposeInt('connections', {
        description: 'Sockets that have signed in, and event streams.',
      }),
      activeSubscriptions: t.exposeInt('subscriptions'),
      activeDocuments: t.exposeInt('documents', { description: 'That somebody watches or is on.' }),
      processingJobs: t.exposeInt('jobs', { description: 'That are queued or run.' }),
      averageResponseTime: t.exposeFloat('responseMeanMs', {
        description: 'Milliseconds, queries and mutations of the last minute; 0 when there were none.',
      }),
      p99ResponseTime: t.exposeFloat('responseP99Ms'),
      eventsPerSecond: t.exposeFloat('eventsPerSecond', {
        description: 'Announced by this instance, in the last 5 to 10 seconds.',
      }),
      deliveriesPerSecond: t.exposeFloat('deliveriesPerSecond', {
        description: 'Payloads handed to subscribers, in the last 5 to 10 seconds.',
      }),
      deliveryLatencyP99: t.exposeFloat('deliveryP99Ms', {
        description: 'Milliseconds from commit to the socket, changes of documents of the last minute.',
      }),
      instances: t.exposeInt('instances', {
        description: 'That serve this database and were seen in the last 15 seconds.',
      }),
      lastUpdated: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    }),
  });

  builder.queryFields((t) => ({
    systemStatus: t.field({
      type: Status,
      authScopes,
      description: 'All components are tried out anew.',
      resolve: () => system.status(),
    }),
    metrics: t.field({ type: Metrics, authScopes, resolve: () => system.metrics() }),
  }));

  builder.subscriptionFields((t) => ({
    systemStatusUpdates: t.field({
      type: Status,
      description: 'STATE; at each change of a level or a message, and every 30 s.',
      authScopes,
      subscribe: () => system.statusUpdates(),
      resolve: (status) => status,
    }),
    metricsUpdates: t.field({
      type: Metrics,
      description: 'STATE; every 5 s.',
      authScopes,
      subscribe: () => system.metricsUpdates(),
      resolve: (metrics) => metrics,
    }),
  }));
}
