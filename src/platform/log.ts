import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './config-variables.ts';

const REDACTED = '[redacted]';
const SECRET_FIELDS = ['authorization', 'token', 'cookie', 'set-cookie', 'secret', 'password'];
/** How deep below the logged object a secret field is still found: `{ request: { headers: { authorization } } }`. */
const REDACTED_LEVELS = 4;

/**
 * Anything that looks like a JWT, wherever it stands in a line. A match starts at the edge of a word only (or after an
 * escape like \n or %3D), so the time stays linear in the length of the line.
 */
const TOKEN = /(?:(?<![\w-])|(?<=\\[bfnrt]|%[\dA-Fa-f]{2}))eyJ[\w-]+\.[\w-]+\.[\w-]*/g;

/** `["token"]`, `*["token"]`, `*.*["token"]` and so on. */
const secretPaths = SECRET_FIELDS.flatMap((field) =>
  Array.from({ length: REDACTED_LEVELS }, (_, level) => `${Array(level).fill('*').join('.')}["${field}"]`),
);

/**
 * A log of JSON lines, one an event whatever is in it, on stdout or `destination`. Fields that carry credentials are
 * redacted, and so is whatever looks like a token. Callers log ids, sizes and revisions, never the text of a document.
 */
export const createLog = (level: LogLevel, destination?: DestinationStream): Logger => {
  const options = {
    level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretPaths, censor: REDACTED },
    hooks: { streamWrite: (line: string) => line.replace(TOKEN, REDACTED) },
  };
  return destination ? pino(options, destination) : pino(options);
};
