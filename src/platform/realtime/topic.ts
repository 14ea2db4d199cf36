/** A named kind of announcement. Its type parameter makes a wrong payload a compile error. */
export interface Topic<Payload> {
  readonly name: string;
  /**
   * A short form of a payload that is too large to travel (MAX_MESSAGE_BYTES of the broker); the receiver reads the
   * rest from the source. Without it a too large payload is not sent to other instances, and counted.
   */
  readonly reference?: (payload: Payload) => Payload;
}

/** Where an announcement goes: to those who listen to this key in this tenant. */
export interface Address {
  readonly tenantId: string;
  readonly key: string;
}

/** Defines a topic; payloads are plain JSON values (a Date would arrive as a string). */
export const defineTopic = <Payload>(
  name: string,
  options: Pick<Topic<Payload>, 'reference'> = {},
): Topic<Payload> => ({ name, ...options });
