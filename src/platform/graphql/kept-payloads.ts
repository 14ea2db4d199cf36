/** Characters of payloads that are kept in the process; past it all of them are forgotten. */
export const MAX_KEPT_CHARS = 32 * 1024 * 1024;

/** Payloads by their event and whom they were made for, so that those who catch up need not have them made again. */
export interface KeptPayloads {
  get(event: object, audience: object): string | Promise<string> | undefined;
  /** Keeps a payload for as long as somebody holds the event, or until there are too many; `undefined` forgets it. */
  set(event: object, audience: object, payload: string | Promise<string> | undefined): void;
}

/** Creates an empty store. */
export const createKeptPayloads = (): KeptPayloads => {
  let payloads = new WeakMap<object, Map<object, string | Promise<string>>>();
  /** Of this store since it was emptied; what went with its event still counts. */
  let keptChars = 0;

  return {
    get: (event, audience) => payloads.get(event)?.get(audience),
    set(event, audience, payload) {
      if (payload === undefined) {
        payloads.get(event)?.delete(audience);
        return;
      }
      if (typeof payload === 'string') keptChars += payload.length;
      if (keptChars > MAX_KEPT_CHARS) {
        payloads = new WeakMap();
        keptChars = 0;
        return;
      }
      const known = payloads.get(event);
      if (known) known.set(audience, payload);
      else payloads.set(event, new Map([[audience, payload]]));
    },
  };
};
