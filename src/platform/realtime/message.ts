import type { Topic } from './topic.ts';

/** Largest JSON of a payload that travels between instances, in bytes of UTF-8. */
export const MAX_MESSAGE_BYTES = 32 * 1024;

/** What one instance tells the others: a UUID of 36 characters, then the payload as JSON. */
export interface Message {
  readonly from: string;
  readonly payload: unknown;
}

const FROM_CHARS = 36;
const FROM = /^[0-9a-f-]{36}$/;

const toJson = (payload: unknown): string | null => {
  const json = JSON.stringify(payload) as string | undefined;
  return json !== undefined && Buffer.byteLength(json) <= MAX_MESSAGE_BYTES ? json : null;
};

/** The message for a payload, or for its reference when it is too large; null when neither can travel. */
export const encodePayload = <Payload>(
  topic: Topic<Payload>,
  payload: Payload,
  from: string,
): string | null => {
  try {
    const json = toJson(payload) ?? (topic.reference ? toJson(topic.reference(payload)) : null);
    return json === null ? null : from + json;
  } catch {
    return null; // A cycle, a BigInt, a reference() that throws: publishing never does.
  }
};

/**
 * Reads a message; null when it is malformed. Our own messages come back too, and were delivered when they were
 * published, so the payload of those is not even parsed.
 */
export const decodeMessage = (message: string, ownId: string): Message | null => {
  const from = message.slice(0, FROM_CHARS);
  if (from === ownId) return { from, payload: undefined };
  if (!FROM.test(from)) return null;
  try {
    return { from, payload: JSON.parse(message.slice(FROM_CHARS)) as unknown };
  } catch {
    return null;
  }
};
