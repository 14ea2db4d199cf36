/** `npm run demo:processing`: makes ten files, has a running server process them, and shows what happens and comes of it. */
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { demoUsers } from '../../src/auth/development.ts';
import { signFor } from '../../src/cli/token.ts';
import { isParseError } from '../../src/cli/usage.ts';
import { ConnectionLost, createQuireClient, OperationError } from '../../src/sdk/index.ts';
import { liveBoard, plainBoard } from './board.ts';
import { makeFiles } from './files.ts';
import { alertLines, type DemoDocument, resultLines } from './report.ts';

const help = `npm run demo:processing -- [options]

Makes ten files (pdf, docx, html, md, txt; English, German, French; one of them damaged), uploads them to a running
server, processes them as a batch, and shows the progress, the alerts and a search.

  --url URL   where the server is; default: http://localhost:4000
  --as USER   who you are; the token is made as by quire token; default: ada
  --help      shows this
`;

/** Milliseconds that the token is good for. */
const TOKEN_MS = 3_600_000;
/** Without the umlauts, and with half of the last word: that is enough to find it. */
const SEARCH = 'uber der mundung neb';
const FOUND = 'Über der Mündung';

const print = (...lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`);

const secondsSince = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Shows all states as they come, and gives the last. */
async function show<State>(states: AsyncIterable<State>, onState: (state: State) => void): Promise<State> {
  let last: State | undefined;
  for await (const state of states) {
    last = state;
    onState(state);
  }
  if (last === undefined) throw new Error('The stream has ended before it began.');
  return last;
}

async function demo(url: string, user: string): Promise<void> {
  // The name that others see of a demo user stays as it is.
  const name = demoUsers.find(({ id }) => id === user)?.name;
  const signed = signFor({ sub: user, name }, TOKEN_MS, process.env);
  const token = (): Promise<string> => signed;
  const client = createQuireClient({ url, token, webSocket: WebSocket });
  const ask = client.operations;
  try {
    await ask.Viewer();
    let since = performance.now();
    const documents: DemoDocument[] = [];
    for (const file of await makeFiles()) {
      const { id } = await client.uploads.send(file);
      documents.push({ id, name: file.name });
    }
    print(`Made and uploaded ${documents.length} files in ${secondsSince(since)}.`, '');

    since = performance.now();
    const documentIds = documents.map(({ id }) => id);
    const { startBatch } = await ask.StartBatch({ documentIds });
    const names = documents.map((document) => document.name);
    const board = process.stdout.isTTY
      ? liveBoard(process.stdout, names)
      : plainBoard((text) => void process.stdout.write(text));
    client.connection.subscribe(({ state }) => {
      if (state === 'reconnecting') board.note('The connection was lost. Trying again…');
    });
    const [, ...ends] = await Promise.all([
      show(client.batches.track(startBatch.batchId), (batch) => board.batch(batch)),
      ...documents.map(({ id, name }) =>
        show(ask.ProcessingUpdates({ documentId: id }), (data) => board.file(name, data.processingUpdates)),
      ),
    ]);
    const took = secondsSince(since);
    print(
      '',
      'Found',
      ...resultLines(
        documents,
        ends.map((end) => end.processingUpdates),
      ),
    );

    const { complianceAlerts } = await ask.ComplianceAlerts({ first: 50 });
    const alerts = complianceAlerts.edges.map(({ node }) => node);
    print('', 'Alerts', ...alertLines(documents, alerts));

    const { documents: found } = await ask.Documents({ search: SEARCH });
    const hit = found.edges.find(({ node }) => documentIds.includes(node.id))?.node;
    const text = hit && (await ask.DocumentText({ id: hit.id })).document?.content;
    const sentence = text?.split(/(?<=\.)\s+/).find((one) => one.includes(FOUND));
    print('', `Search for “${SEARCH}”`, `  ${hit?.title ?? 'nothing'}: ${sentence ?? ''}`);
    print('', `Processed in ${took}.`);
  } finally {
    await client.close();
  }
}

function explain(error: unknown, url: string): string {
  if (error instanceof ConnectionLost && error.code === 4401)
    return `The server at ${url} does not take this token: give this command the AUTH_SECRET, or the DATA_DIR, that the server has.`;
  if (error instanceof ConnectionLost)
    return `No server answers at ${url}. Start one with npm start in another terminal, or name it by --url.`;
  if (error instanceof OperationError) return `The server refused: ${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        url: { type: 'string', default: 'http://localhost:4000' },
        as: { type: 'string', default: 'ada' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    if (!isParseError(error)) throw error;
    process.stderr.write(`${error.message}\nTry: npm run demo:processing -- --help\n`);
    process.exit(2);
  }
}

async function main(): Promise<void> {
  const { url, as: user, help: isHelp } = readArguments();
  if (isHelp) return void process.stdout.write(help);
  try {
    await demo(url, user);
  } catch (error) {
    process.stderr.write(`${explain(error, url)}\n`);
    process.exitCode = 1;
  }
}

await main();
