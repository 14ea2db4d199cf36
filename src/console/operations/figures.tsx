import { lazy, Suspense, useEffect, useState } from 'react';
import { useClient, useSubscription } from 'urql';
import { MetricsUpdatesDocument, SystemStatusDocument } from '../../sdk/generated.ts';
import { count } from '../ui/words.ts';
import { type Sample, sampleOf, withSample } from './samples.ts';

const Chart = lazy(() => import('./chart.tsx').then((module) => ({ default: module.Chart })));

interface Figure {
  readonly label: string;
  readonly valueOf: (sample: Sample) => number | null;
  /** A value, for a person. */
  readonly say: (value: number) => string;
}

const milliseconds = (value: number): string =>
  `${value > 0 && value < 10 ? value.toFixed(1) : count(Math.round(value))} ms`;

const FIGURES: readonly Figure[] = [
  { label: 'Connections', valueOf: ({ connections }) => connections, say: count },
  { label: 'Deliveries', valueOf: ({ deliveries }) => deliveries, say: (value) => `${value.toFixed(1)} /s` },
  { label: 'Delivery time, p99', valueOf: ({ deliveryP99 }) => deliveryP99, say: milliseconds },
  { label: 'Response time, p99', valueOf: ({ responseP99 }) => responseP99, say: milliseconds },
  { label: 'Event-loop lag, p99', valueOf: ({ lag }) => lag, say: milliseconds },
  { label: 'Memory', valueOf: ({ memory }) => memory, say: (value) => `${count(Math.round(value))} MB` },
];

/** The figures of the last minutes, as long as somebody looks. The lag and the memory are told by the status only. */
function useSamples(): readonly Sample[] {
  const client = useClient();
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const [{ data }] = useSubscription({ query: MetricsUpdatesDocument });
  const metrics = data?.metricsUpdates;

  useEffect(() => {
    if (!metrics) return;
    let here = true;
    void client
      .query(SystemStatusDocument, {}, { requestPolicy: 'network-only' })
      .toPromise()
      .then((answer) => {
        if (!here) return;
        const sample = sampleOf(metrics, answer.data?.systemStatus ?? null);
        setSamples((before) => withSample(before, sample));
      });
    return () => {
      here = false;
    };
  }, [client, metrics]);
  return samples;
}

/** The figures of the instance that answers, live. */
export function Figures() {
  const samples = useSamples();
  const last = samples.at(-1);
  return (
    <section className="figures-part" aria-label="Figures">
      <div className="part-head">
        <h2>Figures</h2>
        <span className="quiet">Last 10 minutes</span>
      </div>
      <div className="figures">
        {FIGURES.map(({ label, valueOf, say }) => {
          const value = last ? valueOf(last) : null;
          return (
            <figure key={label} className="figure card">
              <figcaption>
                <span className="figure-label">{label}</span>
                <span className="figure-value">{value === null ? '–' : say(value)}</span>
              </figcaption>
              <div className="figure-chart">
                <Suspense fallback={null}>
                  <Chart label={label} samples={samples} valueOf={valueOf} />
                </Suspense>
              </div>
            </figure>
          );
        })}
      </div>
    </section>
  );
}
