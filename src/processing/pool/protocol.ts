import type { StepErrorCode } from '../step-error.ts';
import type { TextStep } from './text-steps.ts';

/** Most bytes, UTF-16 code units and items of a list in one message: so much moves without a pause that anybody notices. */
export const CHUNK_BYTES = 256 * 1024;
export const CHUNK_UNITS = 64 * 1024;
export const CHUNK_ITEMS = 500;

/** What the pool tells a worker. It does one task after another, in the order of arrival. */
export type Command =
  /** Forget the file and the text. */
  | { readonly kind: 'clear' }
  /** More of the file. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** More of the text. */
  | { readonly kind: 'text'; readonly text: string }
  | TaskCommand
  /** Stop the task, if it still runs. Messages keep their order, so the next task cannot be meant. */
  | { readonly kind: 'abort' };

export type TaskCommand =
  /** The text of the file, which is forgotten. */
  | { readonly kind: 'extract'; readonly maxUnits: number }
  /** A step on the text, which is kept. */
  | { readonly kind: 'run'; readonly step: TextStep };

/** What a worker answers. All but `ready` are about the one task that runs. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  /** A stretch of a text, or some items of a list, that is too long for one message. */
  | { readonly kind: 'part'; readonly part: string | readonly unknown[] }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly failure: Failure };

export type Failure =
  | { readonly kind: 'aborted' }
  | { readonly kind: 'refused'; readonly code: StepErrorCode; readonly message: string }
  /** A defect: for the log. */
  | { readonly kind: 'crashed'; readonly message: string; readonly stack: string };

interface Whole<Piece> {
  readonly length: number;
  slice(from: number, to: number): Piece;
}

/** Cuts bytes or a list into pieces of at most `size` bytes or items; of an empty one there are none. */
export function* piecesOf<Piece>(whole: Whole<Piece>, size: number): Generator<Piece> {
  for (let from = 0; from < whole.length; from += size) yield whole.slice(from, from + size);
}

/** Cuts a text into pieces of at most CHUNK_UNITS, none of which ends within a surrogate pair of the text. */
export function* textPiecesOf(text: string): Generator<string> {
  let from = 0;
  while (from < text.length) {
    const end = from + CHUNK_UNITS;
    const last = text.charCodeAt(end - 1);
    const cutsPair = end < text.length && last >= 0xd800 && last <= 0xdbff;
    const to = cutsPair ? end - 1 : end;
    yield text.slice(from, to);
    from = to;
  }
}
