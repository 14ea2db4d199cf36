import type { DocumentChange } from './change.ts';

/** A run of text that one user wrote; `revision` is the newest revision that wrote into it. */
interface AuthoredSpan {
  readonly userId: string;
  /** UTF-16 code units. */
  readonly length: number;
  readonly revision: number;
}

/** A run of text with its place: from (inclusive) to (exclusive), in UTF-16 code units. */
export interface AuthoredRange {
  readonly userId: string;
  readonly from: number;
  readonly to: number;
  readonly revision: number;
}

/** Spans in a row, and the code units that they cover. */
interface Chunk {
  readonly spans: AuthoredSpan[];
  readonly length: number;
}

/** A chunk that has grown past so many spans is cut into smaller ones. */
const MAX_CHUNK_SPANS = 256;

/**
 * Who wrote what, kept up with the log change by change. Neighbouring text of one user is one span. The spans lie in
 * chunks, so that a change steps over most of them by their chunks' lengths and moves only those of its own chunk.
 */
export class Authorship {
  #chunks: Chunk[] = [];
  #revision = 0;
  #size = 0;

  /** The newest revision taken in. */
  get revision(): number {
    return this.#revision;
  }

  /** Spans held. */
  get size(): number {
    return this.#size;
  }

  /** Takes in the next revision of the log. */
  apply({ position, length, content, userId, revision }: DocumentChange): void {
    const end = position + length;
    const near = touched(this.#chunks, position, end);
    const chunks = this.#chunks.slice(near.from, near.to);
    const spans = chunks.length === 1 && chunks[0] ? chunks[0].spans : chunks.flatMap((chunk) => chunk.spans);
    const before = spans.length;
    const cut = touched(spans, position - near.start, end - near.start);
    const first = spans[cut.from];
    const last = spans[cut.to - 1];
    const pieces = joined([
      ...(first ? [{ ...first, length: position - near.start - cut.start }] : []),
      { userId, length: content.length, revision },
      ...(last ? [{ ...last, length: near.start + cut.end - end }] : []),
    ]);
    spans.splice(cut.from, cut.to - cut.from, ...pieces);
    this.#chunks.splice(near.from, near.to - near.from, ...chunksOf(spans));
    this.#size += spans.length - before;
    this.#revision = revision;
  }

  /** Consecutive ranges that cover the whole text. The authorship must not change while they are read. */
  *ranges(): Generator<AuthoredRange, void> {
    let from = 0;
    for (const { spans } of this.#chunks) {
      for (const { userId, length, revision } of spans) {
        yield { userId, from, to: from + length, revision };
        from += length;
      }
    }
  }
}

/**
 * The items of a row that a splice touches, be it with an edge only: the indexes from (inclusive) to (exclusive), and
 * where the first of them starts and the last one ends.
 */
function touched(items: readonly { readonly length: number }[], position: number, spliceEnd: number) {
  let from = 0;
  let to = 0;
  let start = 0;
  let end = 0;
  for (const { length } of items) {
    if (end > spliceEnd) break;
    end += length;
    to += 1;
    if (end < position) {
      from = to;
      start = end;
    }
  }
  return { from, to, start, end };
}

/** The spans without empty ones, neighbours of one user made one. */
function joined(spans: readonly AuthoredSpan[]): AuthoredSpan[] {
  const result: AuthoredSpan[] = [];
  for (const span of spans) {
    if (span.length === 0) continue;
    const last = result.at(-1);
    if (last?.userId !== span.userId) {
      result.push(span);
      continue;
    }
    const length = last.length + span.length;
    const revision = Math.max(last.revision, span.revision);
    result[result.length - 1] = { userId: span.userId, length, revision };
  }
  return result;
}

function chunksOf(spans: AuthoredSpan[]): Chunk[] {
  if (spans.length === 0) return [];
  if (spans.length > MAX_CHUNK_SPANS) {
    const middle = spans.length >> 1;
    return [...chunksOf(spans.slice(0, middle)), ...chunksOf(spans.slice(middle))];
  }
  return [{ spans, length: spans.reduce((sum, { length }) => sum + length, 0) }];
}
