// One editor over a real socket: a change with its id and base revision, the next one when it is acknowledged.
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { measure, mustEqual, report, usageOf } from './measure.js';
import { beginningOf, editsOf, lengthOf, readTrace } from './trace.js';

/** @import { Trace } from './trace.js' */

/** Edits of another document before the measured ones: a server is seldom just started. */
const WARM_UP_EDITS = 2_000;

const [url = '', token = '', pid = '', file = ''] = process.argv.slice(2);
const trace = readTrace(file);
const client = createClient({
  url: `${url.replace('http', 'ws')}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { token, clientId: 'bench' },
  lazy: false,
  retryAttempts: 0,
});

/**
 * @template Data
 * @param {string} query
 * @param {Record<string, unknown>} variables
 * @returns {Promise<Data>}
 */
const ask = (query, variables) =>
  new Promise((resolve, reject) => {
    client.subscribe(
      { query, variables },
      {
        next({ data, errors }) {
          if (errors) reject(new Error(JSON.stringify(errors)));
          else resolve(/** @type {Data} */ (data));
        },
        error: (error) => reject(new Error('The operation failed.', { cause: error })),
        complete() {},
      },
    );
  });

const CREATE = 'mutation Create($input: CreateDocumentInput!) { createDocument(input: $input) { revision } }';
const READ = 'query Read($id: ID!) { document(id: $id) { content } }';
const APPLY = `mutation Apply($documentId: ID!, $change: DocumentChangeInput!, $baseRevision: Int, $changeId: ID) {
  applyDocumentChange(documentId: $documentId, change: $change, baseRevision: $baseRevision, changeId: $changeId) {
    revision
    replayed
  }
}`;

/**
 * Creates a document and sends it all edits of a trace.
 * @param {Trace} trace
 */
async function replay(trace) {
  const id = crypto.randomUUID();
  /** @type {{ createDocument: { revision: number } }} */
  const { createDocument } = await ask(CREATE, {
    input: { id, title: 'Bench', content: trace.startContent },
  });
  let { revision } = createDocument;
  for (const { position, length, content } of editsOf(trace)) {
    const changeType = length === 0 ? 'INSERT' : content === '' ? 'DELETE' : 'REPLACE';
    const change = { changeType, position, length, content };
    const variables = { documentId: id, change, baseRevision: revision, changeId: crypto.randomUUID() };
    /** @type {{ applyDocumentChange: { revision: number } }} */
    const { applyDocumentChange } = await ask(APPLY, variables);
    revision = applyDocumentChange.revision;
  }
  /** @type {{ document: { content: string } | null }} */
  const { document } = await ask(READ, { id });
  mustEqual(document?.content ?? '', trace.endContent);
}

await replay(beginningOf(trace, WARM_UP_EDITS));
const before = usageOf(Number(pid));
const { edits, perSecond } = await measure(lengthOf(trace), () => replay(trace));
const { cpuMs, rssMb } = usageOf(Number(pid));
await client.dispose();
report({ edits, perSecond, cpuMicros: ((cpuMs - before.cpuMs) * 1000) / edits, rssMb });
