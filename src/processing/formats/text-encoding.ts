import { isUtf8 } from 'node:buffer';
import { StepError } from '../step-error.ts';

/** The encoding that the bytes announce by a byte-order mark; null without one. */
export function encodingOfMark(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return null;
}

/** The first byte that is no UTF-8: where decoding leniently and encoding again gives something else. */
function firstBadByte(bytes: Uint8Array): number {
  const again = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  const at = again.findIndex((byte, index) => byte !== bytes[index]);
  return at < 0 ? bytes.length : at;
}

/**
 * Decodes text: by its byte-order mark, else by the encoding its format declares, else as UTF-8. There is no guess at older
 * encodings: a wrong guess would store other letters than were written, and nobody would be told.
 * Throws a StepError BAD_ENCODING that names the first bad byte, or the position of a NUL.
 */
export function decodeText(bytes: Uint8Array, declared: string | null = null): string {
  const encoding = encodingOfMark(bytes) ?? declared ?? 'utf-8';
  const text = normaliseNewlines(decode(bytes, encoding));
  const nul = text.indexOf('\0');
  if (nul < 0) return text;
  throw new StepError(
    'BAD_ENCODING',
    `The file holds a NUL character at position ${nul}: it is no text, or UTF-16 without a byte-order mark. Save it as UTF-8.`,
  );
}

function decode(bytes: Uint8Array, encoding: string): string {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(encoding, { fatal: true });
  } catch (error) {
    throw new StepError('BAD_ENCODING', `The encoding "${encoding}" is not known. Save the text as UTF-8.`, {
      cause: error,
    });
  }
  if (decoder.encoding === 'utf-8' && !isUtf8(bytes)) {
    throw new StepError(
      'BAD_ENCODING',
      `The text is not valid UTF-8: byte ${firstBadByte(bytes)} does not belong. Save it as UTF-8.`,
    );
  }
  try {
    const text = decoder.decode(bytes);
    return decoder.encoding === 'windows-1252' ? windowsCharacters(text) : text;
  } catch (error) {
    throw new StepError('BAD_ENCODING', `The text is not valid ${decoder.encoding}. Save it as UTF-8.`, {
      cause: error,
    });
  }
}

/** What windows-1252 has at 0x80 to 0x9f; five places are empty there. */
const WINDOWS_CHARACTERS = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Node before 24 decodes windows-1252 as ISO 8859-1, with control characters for the euro sign and curly quotes. */
function windowsCharacters(text: string): string {
  let right = text;
  for (let at = 0; at < WINDOWS_CHARACTERS.length; at += 1) {
    const wrong = String.fromCharCode(0x80 + at);
    if (!right.includes(wrong) || wrong === WINDOWS_CHARACTERS.charAt(at)) continue;
    right = right.replaceAll(wrong, WINDOWS_CHARACTERS.charAt(at));
  }
  return right;
}

/** Every line end, of Windows and of old Macs too, as one \n. */
export const normaliseNewlines = (text: string): string =>
  // A regular expression takes four times as long where every character is one.
  text.split('\r\n').join('\n').split('\r').join('\n');

/** Text that a parser made of a file, without what a document cannot hold: NUL and halves of surrogate pairs. */
export const storableText = (text: string): string =>
  normaliseNewlines(text.replaceAll('\0', '')).toWellFormed();
