/** A signal that is aborted when the first of several is, with its reason. */
export interface JoinedSignal {
  readonly signal: AbortSignal;
  /** Ends the listening to the others, which may live longer. */
  release(): void;
}

/** `AbortSignal.any`, but for what it keeps in memory in Node 20 as long as the longest-lived of them. */
export function joinSignals(...given: readonly (AbortSignal | undefined)[]): JoinedSignal {
  const joined = new AbortController();
  const signals = given.filter((one) => one !== undefined);
  const abort = (): void => joined.abort(signals.find(({ aborted }) => aborted)?.reason);
  for (const one of signals) one.addEventListener('abort', abort, { once: true });
  if (signals.some(({ aborted }) => aborted)) abort();
  return {
    signal: joined.signal,
    release() {
      for (const one of signals) one.removeEventListener('abort', abort);
    },
  };
}
