import { randomBytes } from 'node:crypto';

/** Tells this process from others. */
const PROCESS = randomBytes(6).toString('base64url');
let count = 0;

/**
 * A name that nothing else has, on any instance, for what is named very often: connections, operations. It is no secret.
 * (A UUID from Node is a string of twenty pieces, which stay in memory as long as it does.)
 */
export const newSerial = (): string => {
  count += 1;
  return `${PROCESS}.${count.toString(36)}`;
};
