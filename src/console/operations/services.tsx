import type { HealthStatus, SystemStatusFieldsFragment } from '../../sdk/generated.ts';
import { Badge, type Tone } from '../ui/badge.tsx';
import { duration, plain } from '../ui/words.ts';

/** Places for services before the first status has come; most servers have these: http, websocket, database, … */
const USUAL_SERVICES = 8;

const TONES: Readonly<Record<HealthStatus, Tone>> = {
  HEALTHY: 'good',
  DEGRADED: 'warn',
  WARNING: 'warn',
  CRITICAL: 'bad',
  OFFLINE: 'bad',
};

const NAMES: Readonly<Record<string, string>> = {
  http: 'HTTP',
  websocket: 'WebSocket',
  pubsub: 'Pub/sub',
  cpu: 'CPU',
};

type Service = SystemStatusFieldsFragment['services'][number];

const noteOf = ({ message, latencyMs }: Service): string => {
  if (message !== null) return message;
  return latencyMs === null ? '' : `answers in ${duration(latencyMs)}`;
};

/** Each service of the instance that answers, tried out. */
export function Services({ status }: { readonly status: SystemStatusFieldsFragment | null }) {
  return (
    <section className="services-part" aria-label="Services">
      <div className="part-head">
        <h2>Services</h2>
        <span aria-live="polite">
          {status && (
            <Badge tone={TONES[status.status]}>{`All in all ${plain(status.status).toLowerCase()}`}</Badge>
          )}
        </span>
      </div>
      <ul className="services">
        {status
          ? status.services.map((service) => (
              <li key={service.name} className="service">
                <span className="service-name">{NAMES[service.name] ?? plain(service.name)}</span>
                <Badge tone={TONES[service.status]}>{plain(service.status)}</Badge>
                <span className="quiet service-note">{noteOf(service)}</span>
              </li>
            ))
          : Array.from({ length: USUAL_SERVICES }, (_, place) => (
              <li key={place} className="service pending" aria-hidden="true" />
            ))}
      </ul>
    </section>
  );
}
