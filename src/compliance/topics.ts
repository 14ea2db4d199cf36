import type { LogHint } from '../platform/realtime/log-stream.ts';
import { defineTopic } from '../platform/realtime/topic.ts';
import type { AlertRow } from './store.ts';

/** New alerts of a tenant. The table is the truth: a large hint names only its head. */
export const alertsRaised = defineTopic<LogHint<AlertRow>>('compliance.raised', {
  reference: ({ head }) => ({ head }),
});

/** Where a tenant's alerts are announced: they are one log. */
export const addressOf = (tenantId: string) => ({ tenantId, key: 'alerts' });
