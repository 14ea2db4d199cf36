// The pure engine: what the service does with an edit between the queue and the database. No I/O.
import { measure, mustEqual, report } from './measure.js';
import { shipped } from './shipped.js';
import { editsOf, lengthOf, readTrace } from './trace.js';

/** Edits to a group, as with the service. */
const GROUP = 64;
const LIMITS = { changeChars: 65_536, documentChars: 10_485_760 };

/** @type {typeof import('../../src/documents/change.ts')} */
const { placeChange, readChanges } = await shipped('documents/change.js');
/** @type {typeof import('../../src/documents/timeline.ts')} */
const { Timeline } = await shipped('documents/timeline.js');
/** @type {typeof import('../../src/text/splice.ts')} */
const { toText } = await shipped('text/splice.js');

const trace = readTrace(process.argv[2] ?? '');
let timeline = new Timeline(toText(trace.startContent), 0);

const measured = await measure(lengthOf(trace), () => {
  let draft = timeline.fork();
  let grouped = 0;
  for (const { position, length, content } of editsOf(trace)) {
    const changeType = length === 0 ? 'INSERT' : content === '' ? 'DELETE' : 'REPLACE';
    const splices = readChanges('change', [{ changeType, position, length, content }], LIMITS);
    for (const splice of placeChange(draft, draft.revision, splices, 'change', LIMITS)) draft.advance(splice);
    grouped += 1;
    if (grouped < GROUP) continue;
    timeline = draft.trimmed();
    draft = timeline.fork();
    grouped = 0;
  }
  timeline = draft;
});
mustEqual(timeline.text.toString(), trace.endContent);
report(measured);
