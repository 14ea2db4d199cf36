import { DatabaseSync } from '@photostructure/sqlite';
import { nextMessage } from '../fan-out/process.js';
import { createCaller, startShipped } from '../fan-out/shipped-server.js';
import { familyCpuOf, rest } from './cpu.js';
import { ask, connect, follow } from './socket.js';

/** @import { Kind } from './kinds.js' */

const LOOP_PROBE = new URL('loop-probe.js', import.meta.url).href;
const OWNER = { id: 'ada', name: 'Ada' };
/** Documents that are made at the same time: a user may upload ten. */
const MADE_AT_ONCE = 8;

const CREATE = 'mutation Create($input: CreateDocumentInput!) { createDocument(input: $input) { id } }';
const UPLOAD = 'mutation Upload($file: File!) { uploadDocument(file: $file) { id } }';
const START = `mutation Start($ids: [ID!]!, $request: ProcessingRequest!) {
  startBatch(documentIds: $ids, request: $request) { batchId }
}`;
const CANCEL = 'mutation Cancel($id: ID!) { cancelBatch(batchId: $id) { status } }';
export const WATCH = `subscription Watch($id: ID!) {
  batchProcessingUpdates(batchId: $id) { status totalItems processedItems failedItems cancelledItems finishedAt }
}`;

/**
 * @typedef {object} BatchState
 * @property {string} status
 * @property {number} totalItems
 * @property {number} processedItems
 * @property {number} failedItems
 * @property {number} cancelledItems
 * @property {string | null} finishedAt
 *
 * @typedef {{ p50: number, p99: number, max: number }} Lag Milliseconds for which the event loop was kept.
 *
 * @typedef {object} BatchRun
 * @property {number} jobs
 * @property {number} ms From asking for the batch to the end of its last job.
 * @property {number} cpu CPU of the server a job, in milliseconds.
 * @property {number} workerCpu The same of its child processes.
 * @property {Lag} lag
 */

/** The shipped server, with one user who has documents processed. */
export async function startProcessingServer() {
  const server = await startShipped({ probes: [LOOP_PROBE] });
  const pid = server.process.pid ?? 0;
  const token = await server.sign(OWNER.id, OWNER.name);
  const caller = createCaller(server.url, token);
  const client = connect(server.url, token);
  /** What the rows must say at the end: so many jobs have completed. */
  let completed = 0;

  /** Since it was asked for last. @returns {Promise<Lag>} */
  async function lag() {
    /** @type {Promise<Lag>} */
    const answer = nextMessage(server.process, 'lag');
    server.process.send('lag');
    return answer;
  }

  /** @param {readonly string[]} ids @param {Kind} kind @returns {Promise<string>} */
  async function start(ids, { steps }) {
    /** @type {{ startBatch: { batchId: string } }} */
    const { startBatch } = await ask(client, START, { ids, request: steps === null ? {} : { steps } });
    return startBatch.batchId;
  }

  /** How a batch has ended. @param {string} batchId @returns {Promise<BatchState>} */
  async function ended(batchId) {
    /** @type {BatchState | undefined} */
    let state;
    await follow(
      client,
      WATCH,
      { id: batchId },
      (/** @type {{ batchProcessingUpdates: BatchState }} */ data) => {
        state = data.batchProcessingUpdates;
      },
    );
    if (!state?.finishedAt) throw new Error('A batch was not followed to its end.');
    return state;
  }

  return {
    pid,
    url: server.url,
    token,

    /** New documents of a kind. @param {Kind} kind @param {number} count @returns {Promise<string[]>} */
    async makeDocuments(kind, count) {
      /** @type {string[]} */
      const ids = [];
      let next = 0;
      const makeOne = async () => {
        for (let index = next++; index < count; index = next++)
          ids.push(await makeDocument(caller, kind, index));
      };
      await Promise.all(Array.from({ length: MADE_AT_ONCE }, makeOne));
      await rest(pid);
      return ids;
    },

    /**
     * Has documents processed as one batch, on a server that has nothing else to do. `onStart` may add to it.
     * @param {readonly string[]} ids @param {Kind} kind @param {(batchId: string) => Promise<void>} [onStart]
     * @returns {Promise<BatchRun>}
     */
    async measureBatch(ids, kind, onStart) {
      await rest(pid);
      await lag();
      const before = familyCpuOf(pid);
      const startedAt = Date.now();
      const batchId = await start(ids, kind);
      await onStart?.(batchId);
      const { processedItems, finishedAt } = await ended(batchId);
      const after = familyCpuOf(pid);
      if (processedItems !== ids.length)
        throw new Error(`${processedItems} of ${ids.length} jobs have completed`);
      completed += processedItems;
      return {
        jobs: ids.length,
        ms: Date.parse(finishedAt ?? '') - startedAt,
        cpu: (after.server - before.server) / ids.length,
        workerCpu: (after.children - before.children) / ids.length,
        lag: await lag(),
      };
    },

    /** Keeps every core busy with documents, batch after batch, while something else is done. @template Result @param {readonly string[]} ids @param {Kind} kind @param {() => Promise<Result>} task */
    async whileProcessing(ids, kind, task) {
      let over = false;
      const keepOn = async () => {
        while (!over) {
          const batchId = await start(ids, kind);
          const end = ended(batchId);
          await Promise.race([end, stopped]);
          if (over) await ask(client, CANCEL, { id: batchId });
          completed += (await end).processedItems;
        }
      };
      /** @type {() => void} */
      let stop = () => {};
      const stopped = new Promise((resolve) => {
        stop = () => resolve(undefined);
      });
      const [result] = await Promise.all([
        task().finally(() => {
          over = true;
          stop();
        }),
        keepOn(),
      ]);
      await rest(pid);
      return result;
    },

    /** Ends the server, and looks whether every job was done, and once. */
    async check() {
      await client.dispose();
      caller.close();
      await server.end();
      const database = new DatabaseSync(server.databaseFile, { readOnly: true });
      const count = (/** @type {string} */ from) => {
        /** @type {unknown} */
        const row = database.prepare(`select count(*) as jobs from ${from}`).get();
        return /** @type {{ jobs: number }} */ (row).jobs;
      };
      const once = count(`processing_jobs join processing_results using (tenant_id, job_id)
        where status = 'COMPLETED' and attempt = 1 and fence = 1 and interruptions = 0`);
      const others = count(`processing_jobs where status not in ('COMPLETED', 'CANCELLED')`);
      database.close();
      if (once !== completed || others > 0)
        throw new Error(`${once} of ${completed} jobs were done once, and ${others} failed or were left`);
    },

    async stop() {
      await client.dispose();
      caller.close();
      await server.stop();
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof startProcessingServer>>} ProcessingServer */

/** @param {import('../fan-out/shipped-server.js').Caller} caller @param {Kind} kind @param {number} index */
async function makeDocument(caller, { make }, index) {
  const made = await make(index);
  if ('file' in made) {
    /** @type {{ uploadDocument: { id: string } }} */
    const { uploadDocument } = await caller.upload(UPLOAD, { file: null }, 'file', made.file);
    return uploadDocument.id;
  }
  /** @type {{ createDocument: { id: string } }} */
  const { createDocument } = await caller.call(CREATE, {
    input: { title: `Bench ${index}`, content: made.text },
  });
  return createDocument.id;
}
