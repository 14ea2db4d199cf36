import { convert } from 'html-to-text';
import { decodeText, storableText } from './text-encoding.ts';

/** Elements inside one another that are followed; what lies deeper is left out. */
const MAX_DEPTH = 200;
/** UTF-16 code units of HTML that are read. */
const MAX_HTML_UNITS = 32_000_000;
/** Bytes within which HTML must name its encoding, by the HTML standard. */
const CHARSET_BYTES = 1024;

/** The encoding that a page names in its `meta` element; null when it names none. */
function declaredCharset(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.subarray(0, CHARSET_BYTES)).toString('latin1');
  return /<meta[^>]{0,300}?charset\s*=\s*["']?([\w-]{1,40})/i.exec(head)?.[1] ?? null;
}

/** The text of a page as a reader sees it: no scripts, styles, pictures or addresses of links. Throws a StepError BAD_ENCODING. */
export function htmlText(bytes: Uint8Array): string {
  const text = convert(decodeText(bytes, declaredCharset(bytes)), {
    wordwrap: false,
    limits: { maxDepth: MAX_DEPTH, maxInputLength: MAX_HTML_UNITS, ellipsis: '' },
    selectors: [
      { selector: 'img', format: 'skip' },
      { selector: 'a', options: { ignoreHref: true } },
      ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({
        selector,
        options: { uppercase: false },
      })),
      { selector: 'table', format: 'dataTable', options: { uppercaseHeaderCells: false } },
    ],
  });
  return storableText(text);
}
