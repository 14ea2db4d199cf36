import { pdfOf, textOf } from './texts.js';

/** Different PDFs that are uploaded in turn: making one takes longer than uploading it. */
const PDFS = 4;
const TEXT_CHARS = 5_000;
const PDF_CHARS = 59_000;

/**
 * What a kind of job is done on.
 * @typedef {object} Kind
 * @property {string} name
 * @property {readonly string[] | null} steps null: all of them.
 * @property {boolean} lasting Whether a document can be processed again with as much work: the text of a file is brought
 * into its document once.
 * @property {(index: number) => { text: string } | Promise<{ file: { name: string, bytes: Uint8Array } }>} make
 */

/** @type {Map<number, Promise<{ bytes: Buffer, pages: number }>>} */
const pdfs = new Map();

/** One of a few PDFs. @param {number} index */
export function pdf(index) {
  const seed = index % PDFS;
  const made = pdfs.get(seed) ?? pdfOf(textOf(seed, PDF_CHARS));
  pdfs.set(seed, made);
  return made;
}

/** @satisfies {Record<string, Kind>} */
export const KINDS = {
  nothing: { name: 'no-op', steps: ['EXTRACT_TEXT'], lasting: true, make: () => ({ text: '' }) },
  text: {
    name: '5 KB text',
    steps: null,
    lasting: true,
    make: (index) => ({ text: textOf(index, TEXT_CHARS) }),
  },
  pdf: {
    name: '200 KB PDF',
    steps: null,
    lasting: false,
    make: async (index) => ({ file: { name: `bench-${index}.pdf`, bytes: (await pdf(index)).bytes } }),
  },
};
