import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { readConfig } from '../../src/platform/config.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { openSocket } from '../support/raw-socket.ts';
import { testSecret, tokenFor } from '../support/tokens.ts';
import {
  CHANGES,
  changeOf,
  codeOf,
  createDocument,
  type Guest,
  insert,
  openEventStream,
  openGuest,
  revisions,
} from './guest.ts';

/** Milliseconds for which the short tokens are good, and by which the clock goes on: less than a ping's 12 s. */
const BRIEF_MS = 5_000;
const LATER_MS = 7_000;

let directory: string;
let app: App;
let url: string;
let clock: ManualClock;
let ada: Guest;

// In this process, because its clock is turned by hand.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quire-expiry-'));
  clock = createManualClock(Date.now());
  const config = readConfig({ AUTH_SECRET: testSecret, DATA_DIR: directory, PORT: '0' });
  app = await createApp(config, pino({ level: 'silent' }), { clock });
  ({ url } = await app.listen());
  ada = await openGuest(url, 'ada');
});
afterAll(async () => {
  ada.socket.ws.terminate();
  await app.close();
  await rm(directory, { recursive: true });
});

describe('[P4] a token that expires in the middle of a stream', () => {
  it('closes the socket with 4403, and one with a fresh token goes on without a gap', async () => {
    await createDocument(ada, 'socket', { content: 'first', editors: ['bob'] });
    const bob = await openGuest(url, 'bob', { expiresIn: BRIEF_MS });
    const stream = bob.subscribe(CHANGES, { id: 'socket', after: 0 });
    await insert(ada, 'socket', 'second');
    await stream.find((result) => changeOf(result)?.revision === 2);
    clock.advance(LATER_MS);
    expect(await bob.socket.closed()).toEqual({ code: 4403, reason: 'Token expired' });
    const before = (await stream.ended()).map((result) => changeOf(result)?.revision);
    for (let count = 0; count < 5; count += 1) await insert(ada, 'socket', 'meanwhile');

    const again = await openGuest(url, 'bob');
    const resumed = again.subscribe(CHANGES, { id: 'socket', after: before.length });
    await insert(ada, 'socket', 'last');
    await resumed.find((result) => changeOf(result)?.content === 'last');
    const after = resumed.results.map((result) => changeOf(result)?.revision);
    expect([...before, ...after]).toEqual(revisions(1, 8));
    again.socket.close();
  });

  it('ends an event stream with UNAUTHENTICATED, which is resumed as well', async () => {
    await createDocument(ada, 'events', { content: 'first', editors: ['bob'] });
    const expiresIn = clock.now() - Date.now() + BRIEF_MS;
    const stream = await openEventStream(url, 'bob', CHANGES, { id: 'events', after: 0 }, { expiresIn });
    await stream.next();
    clock.advance(LATER_MS);
    expect((await stream.ended()).map(codeOf)).toEqual([undefined, 'UNAUTHENTICATED']);
    await insert(ada, 'events', 'meanwhile');
    const resumed = await openEventStream(url, 'bob', CHANGES, { id: 'events', after: 1 });
    expect(changeOf(await resumed.next())).toMatchObject({ revision: 2 });
    resumed.stop();
  });

  it('is of no more use: a socket that comes back with it is closed with 4403', async () => {
    const token = await tokenFor('bob', { expiresIn: clock.now() - Date.now() + BRIEF_MS });
    clock.advance(LATER_MS);
    const socket = await openSocket(`${url.replace('http', 'ws')}/graphql`);
    // It is let in, because the clocks of issuer and server may differ a little, and closed with the next tick.
    await socket.init({ token });
    clock.advance(1);
    expect((await socket.closed()).code).toBe(4403);
  });
});
