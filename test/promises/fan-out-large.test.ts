import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/raw-socket.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { openWire } from '../support/wire.ts';
import { createDocument, type Guest, insert, openGuest } from './guest.ts';

/** Megabytes that the server's JavaScript may hold. It needs less than a third of them when it is idle. */
const HEAP_MB = 256;
/** Characters of a change. In JSON each of these takes six bytes. */
const CHARS = 30_000;
const CONTENT = '\u0001'.repeat(CHARS);
const CHANGES = 12;
/** Operations of one socket, and the times that each selects the change: 4.5 MB an event, and no two are the same. */
const OPERATIONS = 100;
const COPIES = 25;
/** Messages after which the reader stops. */
const READ = 3;

let server: TestServer;
let ada: Guest;

beforeAll(async () => {
  server = await startServer({ env: { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` } });
  ada = await openGuest(server.url, 'ada');
});
afterAll(async () => {
  ada.socket.ws.terminate();
  await server.stop();
});

const queryOf = (operation: number): string => {
  const copies = Array.from({ length: COPIES }, (_, index) => `o${operation}x${index}: content`);
  return `subscription { documentChanges(documentId: "large", after: 1, echo: true) { ${copies.join(' ')} } }`;
};

describe('[P6] a reader of large events in many selections', () => {
  it(`that stops holds less than ${HEAP_MB} MB, and others go on`, async () => {
    await createDocument(ada, 'large', { content: 'first' });
    for (let count = 0; count < CHANGES; count += 1) await insert(ada, 'large', CONTENT);
    let messages = 0;
    const wire = await openWire(server.url, 'ada', {
      onMessage() {
        messages += 1;
        if (messages === READ) wire.pause();
      },
    });
    for (let operation = 0; operation < OPERATIONS; operation += 1)
      wire.send({ id: String(operation), type: 'subscribe', payload: { query: queryOf(operation) } });
    await until(() => messages >= READ || wire.gone, 'some messages');
    expect(wire.gone).toBe(false);

    // Others do not notice it.
    const stream = ada.subscribe(
      'subscription { documentChanges(documentId: "large", after: 0, echo: true) { revision } }',
    );
    const revision = await insert(ada, 'large', 'last');
    await until(() => stream.results.length === revision, 'another reader has everything');
    expect(revision).toBe(CHANGES + 2);
    expect(server.isRunning()).toBe(true);
    wire.reset();
  });
});
