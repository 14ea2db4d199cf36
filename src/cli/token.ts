import { parseArgs } from 'node:util';
import { developmentAuth } from '../auth/development.ts';
import { signToken } from '../auth/tokens.ts';
import { systemClock } from '../platform/clock.ts';
import { ConfigError, readConfig, type SecretAuth } from '../platform/config.ts';
import { QuireError } from '../platform/errors.ts';
import { parseDuration } from './duration.ts';
import { UsageError } from './usage.ts';

export const tokenHelp = `quire token --user ID [options]

Prints a token for a user, signed with AUTH_SECRET or, in development mode, with the secret in DATA_DIR
(which is made when there is none). Settings are read from the environment, as the server reads them.

  --user ID        user id (required)
  --name NAME      name that others see; default: the id
  --tenant TENANT  default: default
  --role ROLE      a role; may be given more than once
  --expires TIME   how long it is good for, like 30s, 15m, 12h or 7d; default: 12h
  --help           shows this
`;

const secretAuth = async (env: NodeJS.ProcessEnv): Promise<SecretAuth> => {
  const { auth, dataDir } = readConfig(env);
  switch (auth.mode) {
    case 'secret':
      return auth;
    case 'development':
      return developmentAuth(dataDir);
    case 'jwks':
      throw new ConfigError([
        'AUTH_JWKS_URL is set: the server takes tokens from that identity provider only, so get one there',
      ]);
  }
};

/** A token for a user, signed as the server wants it. Throws a UsageError or a ConfigError. */
export async function signFor(
  claims: Parameters<typeof signToken>[1],
  ttlMs: number,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const auth = await secretAuth(env);
  try {
    return await signToken(auth, claims, ttlMs, systemClock);
  } catch (error) {
    throw error instanceof QuireError ? new UsageError(error.message) : error;
  }
}

/** What `quire token` prints. Throws a UsageError or a ConfigError. */
export const tokenCommand = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      user: { type: 'string' },
      name: { type: 'string' },
      tenant: { type: 'string' },
      role: { type: 'string', multiple: true },
      expires: { type: 'string', default: '12h' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return tokenHelp;
  if (values.user === undefined) throw new UsageError('--user is missing');
  const ttlMs = parseDuration(values.expires);
  if (ttlMs === null)
    throw new UsageError('--expires must be a time from 1s to 3650d, like 30s, 15m, 12h or 7d');
  const claims = { sub: values.user, name: values.name, tenant: values.tenant, roles: values.role };
  return `${await signFor(claims, ttlMs, env)}\n`;
};
