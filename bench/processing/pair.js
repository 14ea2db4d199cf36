// One who edits a document and one who watches it, in a process of their own: how long a change is on its way between them.
import { setTimeout as sleep } from 'node:timers/promises';
import { quantilesOf } from './quantiles.js';
import { ask, connect, follow } from './socket.js';

const EDITS_A_SECOND = 20;
/** Edits before the ones that are measured. */
const WARM_UP = 40;
/** Milliseconds after which a change that has not come is lost. */
const LOST_MS = 20_000;

const CREATE = 'mutation Create($input: CreateDocumentInput!) { createDocument(input: $input) { id } }';
const APPLY = `mutation Apply($id: ID!, $change: DocumentChangeInput!) {
  applyDocumentChange(documentId: $id, change: $change) { revision }
}`;
const WATCH =
  'subscription Watch($id: ID!) { documentChanges(documentId: $id, after: 0) { revision content } }';

const [url = '', token = ''] = process.argv.slice(2);
const editor = connect(url, token);
const watcher = connect(url, token);
/** @type {{ createDocument: { id: string } }} */
const { createDocument } = await ask(editor, CREATE, { input: { title: 'Edited meanwhile', content: '' } });
const { id } = createDocument;

/** When each edit that has not been seen was sent. @type {Map<string, number>} */
const sent = new Map();
/** @type {number[]} */
let latencies = [];
let seen = 0;
const watching = follow(
  watcher,
  WATCH,
  { id },
  (/** @type {{ documentChanges: { revision: number, content: string } }} */ { documentChanges }) => {
    const at = sent.get(documentChanges.content);
    if (at === undefined) throw new Error(`revision ${documentChanges.revision} came twice, or from nobody`);
    sent.delete(documentChanges.content);
    seen += 1;
    latencies.push(performance.now() - at);
  },
);
watching.catch((error) => {
  console.error(error);
  process.exit(1);
});

let edits = 0;
/** Edits at fixed times, whether or not the ones before have come. @param {number} count */
async function edit(count) {
  latencies = [];
  const start = performance.now();
  /** @type {Promise<unknown>[]} */
  const answers = [];
  for (let index = 0; index < count; index += 1) {
    await sleep(Math.max(0, start + (index * 1000) / EDITS_A_SECOND - performance.now()));
    edits += 1;
    const content = `edit ${edits} `;
    sent.set(content, performance.now());
    answers.push(ask(editor, APPLY, { id, change: { changeType: 'INSERT', position: 0, content } }));
  }
  await Promise.all(answers);
  for (const until = performance.now() + LOST_MS; seen < edits; await sleep(5))
    if (performance.now() > until) throw new Error(`${edits - seen} changes have not come`);
}

process.on('message', (/** @type {{ seconds: number }} */ { seconds }) => {
  edit(seconds * EDITS_A_SECOND).then(
    () => process.send?.({ kind: 'measured', latency: quantilesOf(latencies) }),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());
await edit(WARM_UP);
process.send?.({ kind: 'ready' });
