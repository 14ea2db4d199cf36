import { existsSync, readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { gunzipSync } from 'node:zlib';

/** Recorded editing traces, when they lie beside the project. */
const DATA = new URL('../../../shared/data/', import.meta.url);

/**
 * A trace in the form in which the measured processes hold it: a few megabytes, whatever its length, so that it hardly
 * shows in their memory.
 * @typedef {object} Trace
 * @property {string} name
 * @property {string} startContent
 * @property {string} endContent
 * @property {Int32Array} numbers Three of each edit: position, length removed, length inserted (UTF-16 code units).
 * @property {string} inserted What all edits insert, one after another.
 */

/** @typedef {{ position: number, length: number, content: string }} Edit */

/** @param {Trace} trace */
export const lengthOf = (trace) => trace.numbers.length / 3;

/**
 * The edits of a trace, in their order.
 * @param {Trace} trace
 * @returns {Generator<Edit>}
 */
export function* editsOf({ numbers, inserted }) {
  let at = 0;
  for (let index = 0; index < numbers.length; index += 3) {
    const [position = 0, length = 0, added = 0] = numbers.subarray(index, index + 3);
    yield { position, length, content: inserted.slice(at, at + added) };
    at += added;
  }
}

/**
 * The first `count` edits, with the text that they end in.
 * @param {Trace} trace
 * @param {number} count
 * @returns {Trace}
 */
export function beginningOf(trace, count) {
  if (lengthOf(trace) <= count) return trace;
  const numbers = trace.numbers.slice(0, count * 3);
  return { ...trace, numbers, endContent: replay({ ...trace, numbers }) };
}

/**
 * The text after a trace, by nothing but strings.
 * @param {Trace} trace
 */
function replay(trace) {
  let text = trace.startContent;
  for (const { position, length, content } of editsOf(trace)) {
    text = text.slice(0, position) + content + text.slice(position + length);
  }
  return text;
}

/**
 * A trace that the parent process has written.
 * @param {string} file
 */
export const readTrace = (file) => {
  /** @type {unknown} */
  const trace = deserialize(readFileSync(file));
  return /** @type {Trace} */ (trace);
};

/** The recorded traces, or a made one when they are not there. */
export function loadTraces() {
  const names = ['automerge-paper', 'friendsforever_flat'];
  const found = names.filter((name) => existsSync(new URL(`${name}.json.gz`, DATA)));
  return found.length > 0 ? found.map(recorded) : [made(1, 100_000)];
}

/** @param {string} name @returns {Trace} */
function recorded(name) {
  const json = gunzipSync(readFileSync(new URL(`${name}.json.gz`, DATA))).toString();
  /** @type {unknown} */
  const parsed = JSON.parse(json);
  const { startContent, endContent, txns } =
    /** @type {{ startContent: string, endContent: string, txns: { patches: [number, number, string][] }[] }} */ (
      parsed
    );
  return flat(
    name,
    startContent,
    endContent,
    txns.flatMap(({ patches }) => patches),
  );
}

/**
 * A person who types, corrects, and goes elsewhere now and then.
 * @param {number} seed
 * @param {number} count
 */
function made(seed, count) {
  const random = mulberry32(seed);
  /** @type {[number, number, string][]} */
  const patches = [];
  let length = 0;
  let cursor = 0;
  for (let index = 0; index < count; index += 1) {
    if (random() < 0.01) cursor = Math.floor(random() * (length + 1));
    if (cursor > 0 && random() < 0.25) {
      cursor -= 1;
      length -= 1;
      patches.push([cursor, 1, '']);
    } else {
      const letter = random() < 0.15 ? ' ' : String.fromCharCode(97 + Math.floor(random() * 26));
      patches.push([cursor, 0, random() < 0.01 ? '\n' : letter]);
      cursor += 1;
      length += 1;
    }
  }
  const trace = flat(`made (seed ${seed})`, '', '', patches);
  return { ...trace, endContent: replay(trace) };
}

/**
 * @param {string} name
 * @param {string} startContent
 * @param {string} endContent
 * @param {[number, number, string][]} patches
 * @returns {Trace}
 */
function flat(name, startContent, endContent, patches) {
  const numbers = new Int32Array(patches.length * 3);
  patches.forEach(([position, length, content], index) => {
    numbers.set([position, length, content.length], index * 3);
  });
  const inserted = patches.map(([, , content]) => content).join('');
  return { name, startContent, endContent, numbers, inserted };
}

/** A seeded generator of numbers from 0 to 1 (mulberry32, public domain). @param {number} seed */
export function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
