import PDFDocument from 'pdfkit';
import { mulberry32 } from '../edits/trace.js';

const WORDS =
  `the of and to in a is was for that it with as on by from harbour council winter ledger bridge weather journey market
  river children evening question answer letter doctor machine garden window station history village island company engine
  carried found asked written opened measured travelled between before after without under small quiet early northern
  public heavy broken simple certain new open long`.split(/\s+/);
const SENTENCES_A_PARAGRAPH = 6;

/**
 * A text of sentences, about as long as asked for, always the same for a seed. It ends in an e-mail address, so that a scan
 * finds something in it.
 * @param {number} seed @param {number} chars
 */
export function textOf(seed, chars) {
  const random = mulberry32(seed);
  const below = (/** @type {number} */ most) => Math.floor(random() * most);
  const sentence = () => {
    const words = Array.from({ length: 8 + below(14) }, () => WORDS[below(WORDS.length)] ?? '').join(' ');
    return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
  };
  let text = '';
  for (let count = 1; text.length < chars; count += 1)
    text += sentence() + (count % SENTENCES_A_PARAGRAPH === 0 ? '\n\n' : ' ');
  return `${text}Write to harbour.office.${seed}@example.org.`;
}

/**
 * A PDF of text and nothing else, whose contents are not compressed: about 3.3 bytes a character.
 * @param {string} text @returns {Promise<{ bytes: Buffer, pages: number }>}
 */
export async function pdfOf(text) {
  const document = new PDFDocument({ compress: false, bufferPages: true });
  /** @type {Buffer[]} */
  const parts = [];
  document.on('data', (/** @type {Buffer} */ part) => parts.push(part));
  const ended = new Promise((resolve) => document.once('end', resolve));
  document.fontSize(10).text(text);
  const pages = document.bufferedPageRange().count;
  document.end();
  await ended;
  return { bytes: Buffer.concat(parts), pages };
}
