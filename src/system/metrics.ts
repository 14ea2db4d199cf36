import type { Clock } from '../platform/clock.ts';
import type { Instruments } from '../platform/metrics/instruments.ts';
import { BYTES_PER_MB, countThreads } from '../platform/metrics/process.ts';
import type { Broker } from '../platform/realtime/broker.ts';

/** What is open in this process at the moment. */
export interface Activity {
  /** Sockets that have signed in, and event streams. */
  readonly connections: number;
  readonly subscriptions: number;
  /** Documents that somebody watches or is on. */
  readonly documents: number;
  /** Jobs that are queued or run. */
  readonly jobs: number;
}

/** The figures of this process, all measured. Times are milliseconds. */
export interface RealTimeMetrics extends Activity {
  readonly responseMeanMs: number;
  readonly responseP99Ms: number;
  /** Of the last 5 to 10 seconds, as `deliveriesPerSecond`. */
  readonly eventsPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly deliveryP99Ms: number;
  /** Processes that serve the same database. */
  readonly instances: number;
  readonly at: number;
}

export interface MetricsOptions {
  readonly instruments: Instruments;
  readonly broker: Broker;
  readonly activity: () => Activity;
  readonly countInstances: () => Promise<number>;
  readonly clock: Clock;
}

/** To two places: what is finer is noise. */
export const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Reads the figures of this process. */
export const createMetrics = ({ instruments, broker, activity, countInstances, clock }: MetricsOptions) => {
  const events = instruments.rateOf(() => broker.stats().published);
  const deliveries = instruments.rateOf(() => instruments.deliveries.total);

  return {
    async realTime(): Promise<RealTimeMetrics> {
      // With a database that cannot be read, this instance is all that is known to live.
      const instances = await countInstances().catch(() => 1);
      const responses = instruments.responses.summary();
      return {
        ...activity(),
        responseMeanMs: rounded(responses.meanMs),
        responseP99Ms: rounded(responses.p99Ms),
        eventsPerSecond: rounded(events.perSecond),
        deliveriesPerSecond: rounded(deliveries.perSecond),
        deliveryP99Ms: rounded(instruments.deliveryLatency.summary().p99Ms),
        instances,
        at: clock.now(),
      };
    },

    /** The figures beside a status, by their names in the API. What the system does not say is not there. */
    async ofStatus(): Promise<Readonly<Record<string, number>>> {
      const threads = await countThreads();
      const { memoryMb, cpuPercent, loopDelay, uptimeSeconds } = instruments.process();
      const { connections, subscriptions, documents, jobs } = activity();
      const { published, failedPublishes } = broker.stats();
      return {
        memory_usage_mb: rounded(memoryMb),
        heap_used_mb: rounded(process.memoryUsage().heapUsed / BYTES_PER_MB),
        cpu_usage: rounded(cpuPercent),
        event_loop_lag_ms: rounded(loopDelay.p99Ms),
        event_loop_lag_max_ms: rounded(loopDelay.maxMs),
        active_connections: connections,
        active_subscriptions: subscriptions,
        active_documents: documents,
        processing_jobs: jobs,
        responses_last_minute: instruments.responses.summary().count,
        deliveries_total: instruments.deliveries.total,
        events_published_total: published,
        events_unsent_total: failedPublishes,
        ...(threads !== null && { thread_count: threads }),
        uptime_seconds: Math.floor(uptimeSeconds),
      };
    },
  };
};
