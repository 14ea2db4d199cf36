const MAX_ID_CHARS = 128;
/** Names that would reach an object's prototype if an id were ever used as a key. */
const UNFIT_IDS = new Set(['__proto__', 'constructor', 'prototype']);

/** What a client may send, as far as the server reads it before graphql-ws does. */
export type ClientMessage =
  | { readonly type: 'connection_init' | 'ping' | 'pong' }
  | { readonly type: 'subscribe' | 'complete'; readonly id: string };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Reads a message; null when it is none that a client may send. */
export const readMessage = (text: string): ClientMessage | null => {
  const message = parse(text);
  if (!isObject(message)) return null;
  const { type, id } = message;
  switch (type) {
    case 'connection_init':
    case 'ping':
    case 'pong':
      return { type };
    case 'subscribe':
    case 'complete': {
      const isFit = typeof id === 'string' && id !== '' && id.length <= MAX_ID_CHARS && !UNFIT_IDS.has(id);
      return isFit ? { type, id } : null;
    }
    default:
      return null;
  }
};
