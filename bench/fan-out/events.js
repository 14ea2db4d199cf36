/** What is published, whoever publishes it: the same splices by the same editor. */

export const EDITOR = { id: 'ada', name: 'Ada', clientId: 'bench-editor' };

/** Far enough apart that Quire does not join two insertions into one splice. */
const STEP = 20;
const CONTENT = 'word ';
/** Splices that one tick may have. */
export const MOST_SPLICES = 100;
/** The text that a document begins with. */
export const START = 'a'.repeat(MOST_SPLICES * STEP);

/** The insertions of one tick; each position refers to the text after the ones before it. @param {number} count */
export const splicesOf = (count) =>
  Array.from({ length: count }, (_, index) => ({ position: index * STEP, content: CONTENT }));
