import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import {
  BatchProcessingUpdatesDocument,
  CollaborationEventsDocument,
  CollaborationUpdatesDocument,
  ComplianceAlertsRaisedDocument,
  DocumentChangesDocument,
  MetricsUpdatesDocument,
  ProcessingUpdatesDocument,
  type SystemStatusFieldsFragment,
  SystemStatusUpdatesDocument,
} from '../../src/sdk/generated.ts';
import { applySplices, toText } from '../../src/text/splice.ts';
import { docxOf, pdfOf } from '../processing/formats/files.ts';
import { type Person, personAt } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { holdWriteLock } from '../support/write-lock.ts';

type Service = SystemStatusFieldsFragment['services'][number];

const CARD = '4111 1111 1111 1111';
const REPORT = [
  'The harbour festival was paid for by the shops on the quay.',
  `The musicians were paid with the credit card ${CARD}, and the receipt is in the blue folder.`,
];

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server whose status depends on what happens in the story, and not on what else the machine does. */
async function open(): Promise<TestServer> {
  const server = await startServer({ env: { HEALTH_CPU_PERCENT: '100000,200000,300000' } });
  closers.push(() => server.stop());
  return server;
}

function enter({ url }: TestServer, userId: string, roles: string[] = []): Person {
  const person = personAt(url, userId, { roles });
  closers.push(() => person.leave());
  return person;
}

it('people upload, edit together and process, and all eight subscriptions tell what happens', async () => {
  const server = await open();

  // Olga looks after the server. Nothing is wrong with it.
  const olga = enter(server, 'olga', ['admin']);
  const status = olga.watch(SystemStatusUpdatesDocument, {}, (data) => data.systemStatusUpdates);
  const metrics = olga.watch(MetricsUpdatesDocument, {}, (data) => data.metricsUpdates);
  const { services } = await status.sees('that all is well', (now) => now.status === 'HEALTHY');
  expect(services.map(({ name }) => name)).toEqual(expect.arrayContaining(['database', 'queue', 'worker']));

  // Ada uploads a report and shares it with Linus, who opens it: there is no text yet.
  const [ada, linus] = [enter(server, 'ada'), enter(server, 'linus')];
  const report = await ada.uploads('report.pdf', await pdfOf(REPORT));
  await ada.shares(report, 'linus');
  expect(await linus.reads(report)).toMatchObject({ content: '', revision: 0 });
  const changes = linus.watch(
    DocumentChangesDocument,
    { documentId: report, after: 0, echo: true },
    (data) => data.documentChanges,
  );
  const session = linus.watch(
    CollaborationUpdatesDocument,
    { documentId: report },
    (data) => data.collaborationUpdates,
  );
  const happenings = ada.watch(
    CollaborationEventsDocument,
    { documentId: report },
    (data) => data.collaborationEvents,
  );
  const alerts = linus.watch(ComplianceAlertsRaisedDocument, { after: '0' }, (data) => data.complianceAlerts);
  const job = linus.watch(
    ProcessingUpdatesDocument,
    { documentId: report },
    (data) => data.processingUpdates,
  );
  await session.sees('Ada and himself', ({ activeUsers }) => activeUsers.length === 2);
  await job.sees('that nothing is asked for yet', ({ jobId }) => jobId === null);
  expect(job.seen[0]?.message).toBe('No job has been asked for.');

  // Ada presses the button. Linus sees the work move to its end, and the text arrive as Ada's changes.
  const jobId = await ada.processes(report);
  const done = await job.sees('the end of the job', (update) => update.status === 'COMPLETED');
  expect(done).toMatchObject({ jobId, progress: 100, error: null });
  expect(done.message).toMatch(/^Done in [\d.]+ s\.$/);
  expect(done.result).toMatchObject({ language: { code: 'en' }, indexed: true });
  expect(await job.ended()).toBeNull();
  expect(job.seen.map(({ progress }) => progress)).toEqual(
    job.seen.map(({ progress }) => progress).toSorted((one, other) => one - other),
  );
  const extracted = await linus.reads(report);
  await changes.sees('the text of the file', ({ revision }) => revision === extracted.revision);
  expect(changes.seen.every(({ userId }) => userId === 'ada')).toBe(true);
  expect(applySplices(toText(''), changes.seen).toString()).toBe(extracted.content);
  expect(extracted.content).toContain(CARD);

  // The card in it raises an alert for both of them. The number itself is nowhere in it.
  const alert = await alerts.sees('the alert', ({ documentId }) => documentId === report);
  expect(alert).toMatchObject({ framework: 'PCI_DSS', severity: 8 });
  expect(alert.message).toContain('1 payment card number');
  expect(JSON.stringify(alert)).not.toMatch(/4111/);
  const [finding] = alert.findings;
  expect(extracted.content.slice(finding?.from, finding?.to)).toBe(CARD);

  // They edit it together, both on the text as it was extracted: both changes are in what both see.
  await linus.pointsAt(report, 4);
  const moved = await happenings.sees('the cursor', (event) => event.__typename === 'CursorMoved');
  expect(moved).toMatchObject({ user: { id: 'linus' }, position: { position: 4 } });
  const { revision, content } = extracted;
  await Promise.all([
    ada.inserts(report, revision, 0, 'Final. '),
    linus.inserts(report, revision, content.length, ' Approved.'),
  ]);
  await changes.sees('both changes', (change) => change.revision === revision + 2);
  const edited = await ada.reads(report);
  expect(edited.content).toBe(`Final. ${content} Approved.`);
  expect(applySplices(toText(''), changes.seen).toString()).toBe(edited.content);

  // Ada processes it anew together with other files, one of which was cut off when it was copied.
  const [menu, minutes, broken] = [
    await ada.uploads('menu.html', '<h1>Menu</h1><p>Fish soup with fennel, and an apple pie.</p>'),
    await ada.uploads('minutes.docx', await docxOf(['The council met on the quay and was rained on.'])),
    await ada.uploads('broken.docx', (await docxOf(['Nobody will read this.'])).subarray(0, 900)),
  ];
  const failing = ada.watch(
    ProcessingUpdatesDocument,
    { documentId: broken },
    (data) => data.processingUpdates,
  );
  await failing.sees('that nothing is asked for yet', ({ jobId: none }) => none === null);
  const batchId = await ada.processesAll([report, menu, minutes, broken]);
  const batch = ada.watch(BatchProcessingUpdatesDocument, { batchId }, (data) => data.batchProcessingUpdates);
  const over = await batch.sees('the end of the batch', ({ finishedAt }) => finishedAt !== null);
  expect(over).toMatchObject({
    status: 'COMPLETED_WITH_FAILURES',
    totalItems: 4,
    processedItems: 3,
    failedItems: 1,
    cancelledItems: 0,
  });
  expect(await batch.ended()).toBeNull();
  for (const { totalItems, processedItems, failedItems } of batch.seen)
    expect(processedItems + failedItems).toBeLessThanOrEqual(totalItems);
  const failed = await failing.sees('the failure', (update) => update.status === 'FAILED');
  expect(failed.message).toBe('Failed. The Word document is cut off or damaged and cannot be opened.');
  expect(await failing.ended()).toBeNull();

  // What was read is found, by whoever may read it. The report's alert says nothing new, so it is not raised again.
  expect(await ada.finds('fennel and apple')).toEqual(['menu']);
  expect(await linus.finds('fennel and apple')).toEqual([]);
  expect(await linus.finds('musicians appro')).toEqual(['report']);
  expect(alerts.seen).toHaveLength(1);

  // Olga has figures of all this: three sockets, and the streams that are open still.
  const figures = await metrics.sees(
    'what is open, and what was delivered',
    (now) => now.activeConnections === 3 && now.activeSubscriptions === 6 && now.deliveriesPerSecond > 0,
  );
  expect(figures).toMatchObject({ activeDocuments: 1, instances: 1 });
  expect(figures.p99ResponseTime).toBeGreaterThanOrEqual(figures.averageResponseTime);

  // A backup holds the database: Olga is told what is wrong, and when it is over.
  const [from, giveBack] = [new Date().toISOString(), await holdWriteLock(join(server.dataDir, 'quire.db'))];
  const isWrong = ({ name, status: level }: Service): boolean => name === 'database' && level !== 'HEALTHY';
  const trouble = await status
    .sees('what is wrong', (now) => now.timestamp > from && now.services.some(isWrong))
    .finally(giveBack);
  expect(trouble.status).toBe('CRITICAL');
  // Which of the two comes first depends on the machine.
  expect(trouble.services.find(isWrong)?.message).toMatch(/^(Writes wait|It does not answer)/);
  await status.sees(
    'that all is well again',
    (now) => now.timestamp > trouble.timestamp && now.status === 'HEALTHY',
  );

  // In the end Ada takes Linus off the report: his streams of it say so, and end.
  await ada.removes('linus', report);
  expect(await changes.ended()).toBe('FORBIDDEN');
  expect(await session.ended()).toBe('FORBIDDEN');
  await happenings.sees('that he is gone', (event) => event.__typename === 'CollaboratorRemoved');
}, 120_000);
