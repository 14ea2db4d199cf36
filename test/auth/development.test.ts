import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { demoToken, demoUsers, developmentAuth } from '../../src/auth/development.ts';
import { createTokens } from '../../src/auth/tokens.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { ConfigError } from '../../src/platform/config.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quire-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('developmentAuth', () => {
  it('makes a secret that only its owner can read, and keeps it', async () => {
    const dataDir = join(directory, 'deep', 'data');
    const auth = await developmentAuth(dataDir);
    expect(auth.secret.length).toBeGreaterThanOrEqual(43);
    expect((await stat(join(dataDir, 'dev-secret'))).mode & 0o777).toBe(0o600);
    expect(await developmentAuth(dataDir)).toEqual(auth);
  });

  it('instances that start together agree', async () => {
    // Each begins a few turns of the event loop after the one before, so that some look while others write.
    const start = async (turns: number) => {
      for (let turn = 0; turn < turns; turn++) await setImmediate();
      return developmentAuth(directory);
    };
    const all = await Promise.all(Array.from({ length: 40 }, (_, index) => start(index)));
    expect(new Set(all.map(({ secret }) => secret)).size).toBe(1);
    expect(await readdir(directory)).toEqual(['dev-secret']);
  });

  it('does not go on with a damaged secret', async () => {
    await writeFile(join(directory, 'dev-secret'), 'short');
    await expect(developmentAuth(directory)).rejects.toThrow(ConfigError);
  });

  it('the demo users can sign in', async () => {
    const auth = await developmentAuth(directory);
    const tokens = createTokens(auth, systemClock);
    const viewers = await Promise.all(
      demoUsers.map(async (user) => tokens.verify(await demoToken(auth, user, systemClock))),
    );
    expect(viewers).toMatchObject([
      { userId: 'ada', name: 'Ada', tenantId: 'default', roles: [] },
      { userId: 'linus', name: 'Linus', tenantId: 'default', roles: [] },
    ]);
  });
});
