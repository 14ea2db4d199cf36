import { getOperationAST, parse } from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exampleOperations } from '../../src/platform/server/graphiql-examples.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type Guest, must, openGuest, type Result } from './guest.ts';

let server: TestServer;
let ada: Guest;
beforeAll(async () => {
  server = await startServer();
  ada = await openGuest(server.url, 'ada');
});
afterAll(async () => {
  ada.socket.ws.terminate();
  await server.stop();
});

/** The example with this operation. */
function example(name: string): string {
  const found = exampleOperations('Ada').find(
    ({ query }) => getOperationAST(parse(query))?.name?.value === name,
  );
  if (!found) throw new Error(`there is no example ${name}`);
  return found.query;
}

it('the operations that GraphiQL offers work as they stand, one after another', async () => {
  await must(ada.ask(example('CreateDocument')));
  await must(ada.ask(example('CreateDocument')));
  expect(await must(ada.ask(example('ListDocuments')))).toMatchObject({ documents: { totalCount: 1 } });

  const changes = ada.subscribe(example('DocumentChanges'));
  const alerts = ada.subscribe(example('ComplianceAlerts'));
  const updates = ada.subscribe(example('ProcessingUpdates'));
  await must(changes.next());
  await must(ada.ask(example('ApplyChange').replace('Dear reader.', 'My card is 4111 1111 1111 1111.')));
  expect(await must(changes.next())).toMatchObject({ documentChanges: { revision: 2 } });

  expect(await must(ada.ask(example('StartProcessing')))).toMatchObject({
    startProcessing: { status: 'QUEUED' },
  });
  const isDone = (result: Result): boolean => JSON.stringify(result).includes('"status":"COMPLETED"');
  const done = await must(updates.find(isDone));
  expect(done).toMatchObject({
    processingUpdates: { progress: 100, result: { findings: [{ rule: 'card-number' }] } },
  });
  await updates.ended();
  expect(await must(alerts.next())).toMatchObject({ complianceAlerts: { id: '1', documentId: 'hello-ada' } });
}, 60_000);
