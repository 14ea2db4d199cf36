import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../platform/clock.ts';
import { ConfigError, type SecretAuth } from '../platform/config.ts';
import { signToken } from './tokens.ts';

const SECRET_FILE = 'dev-secret';
const SECRET_BYTES = 32;
/** Milliseconds: 12 hours. */
const DEMO_TOKEN_TTL_MS = 12 * 60 * 60 * 1000;

export interface DemoUser {
  readonly id: string;
  readonly name: string;
}

/** Who can sign in without ado in development mode, in the tenant `default`. */
export const demoUsers: readonly DemoUser[] = [
  { id: 'ada', name: 'Ada' },
  { id: 'linus', name: 'Linus' },
];

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** The secret in `file`, or null when there is no such file. */
const readSecret = async (file: string): Promise<string | null> => {
  try {
    const secret = (await readFile(file, 'utf8')).trim();
    if (Buffer.byteLength(secret) >= SECRET_BYTES) return secret;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
  throw new ConfigError([`${file} holds no usable secret; remove it and a new one is made`]);
};

/**
 * Writes a secret to `file` unless there is one. It is written whole under another name and then linked: a link appears
 * at once or fails because the file is there, so of two instances that start together neither reads half a secret.
 */
const writeSecret = async (file: string): Promise<void> => {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(`${randomBytes(SECRET_BYTES).toString('base64url')}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(draft, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

/**
 * The way tokens are checked in development mode: with a secret that is made once in `dataDir` (readable by its owner
 * only) and kept. Every process with the same `dataDir` gets the same. Throws a ConfigError when the file is damaged.
 */
export const developmentAuth = async (dataDir: string): Promise<SecretAuth> => {
  const file = join(dataDir, SECRET_FILE);
  let secret = await readSecret(file);
  if (secret === null) {
    await mkdir(dataDir, { recursive: true });
    await writeSecret(file);
    secret = await readSecret(file);
  }
  if (secret === null) throw new ConfigError([`${file} was removed while it was read`]);
  return { mode: 'secret', secret };
};

/** A token for a demo user, good for 12 hours. */
export const demoToken = (auth: SecretAuth, user: DemoUser, clock: Clock): Promise<string> =>
  signToken(auth, { sub: user.id, name: user.name }, DEMO_TOKEN_TTL_MS, clock);
