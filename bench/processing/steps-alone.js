// The work of a kind of job and nothing else: its steps in one process, one document after another.
import { shipped } from '../edits/shipped.js';
import { KINDS } from './kinds.js';

/** Documents before the ones that are measured. */
const WARM_UP = 3;

/** @type {typeof import('../../src/processing/steps/extract-text.ts')} */
const { extractText } = await shipped('processing/steps/extract-text.js');
/** @type {typeof import('../../src/processing/pool/text-steps.ts')} */
const { LoadedText, TEXT_STEPS } = await shipped('processing/pool/text-steps.js');
const work = { signal: new AbortController().signal, report() {} };

const [name = '', count = ''] = process.argv.slice(2);
const { make } = KINDS[/** @type {keyof typeof KINDS} */ (name)];
const jobs = Number(count);
/** @type {Awaited<ReturnType<typeof make>>[]} */
const documents = [];
for (let index = 0; index < jobs + WARM_UP; index += 1) documents.push(await make(index));

/** @param {number} from @param {number} to */
async function run(from, to) {
  for (const document of documents.slice(from, to)) {
    const text = 'text' in document ? document.text : (await extractText(document.file.bytes, work)).text;
    const loaded = new LoadedText(text);
    for (const step of Object.values(TEXT_STEPS)) await step(loaded, work);
  }
}

await run(0, WARM_UP);
const before = process.cpuUsage();
const start = performance.now();
await run(WARM_UP, documents.length);
const ms = performance.now() - start;
const { user, system } = process.cpuUsage(before);
process.send?.({ kind: 'done', jobs, ms, cpu: (user + system) / 1000 / jobs });
