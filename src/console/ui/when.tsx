import { useNow } from './use-now.ts';
import { ago, moment } from './words.ts';

/** Milliseconds between two looks at the clock. */
const TICK_MS = 15_000;

/** A time as one says it, and exactly for who points at it. */
export function When({ at }: { readonly at: string }) {
  const now = useNow(TICK_MS);
  return (
    <time dateTime={at} title={moment(at)}>
      {ago(Date.parse(at), now)}
    </time>
  );
}
