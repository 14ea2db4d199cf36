import { MAX_TITLE_CHARS } from './checks.ts';

/** UTF-16 code units of a file's name that are kept. */
const MAX_NAME_CHARS = 255;
/** The title, and the name, of a file whose name says nothing. */
const UNTITLED = 'Untitled';

/** The first characters, without half a pair at the end. */
const cut = (text: string, chars: number): string => text.slice(0, chars).replace(/[\ud800-\udbff]$/, '');

/** A text as it can be kept, on one line. */
const clean = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\p{Cc}/gu, '')
    .trim();

/** The last part of a path, whichever system it is from. */
const baseOf = (path: string): string =>
  clean(path.slice(1 + Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))));

/** A file's name without folders and control characters, for showing it. Never the name of a file on this machine. */
export const fileNameOf = (given: string): string => cut(baseOf(given), MAX_NAME_CHARS) || UNTITLED;

/** The title that a file's name makes: without folders and extension, and as `checkTitle` would have it. */
export const titleOf = (given: string): string =>
  cut(clean(baseOf(given).replace(/(?!^)\.[^.]*$/, '')), MAX_TITLE_CHARS).trimEnd() || UNTITLED;
