import type { DocumentChange } from './change.ts';

/** A run of text that one user wrote; `revision` is the newest revision that wrote into it. */
export interface AuthoredSpan {
  readonly userId: string;
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

/** The spans after one more change. Neighbouring text of one user is one span. Pure. */
export function author(spans: readonly AuthoredSpan[], change: DocumentChange): AuthoredSpan[] {
  const { position, length, content, userId, revision } = change;
  const result: AuthoredSpan[] = [];
  const push = (span: AuthoredSpan) => {
    if (span.length === 0) return;
    const last = result.at(-1);
    if (last?.userId !== span.userId) {
      result.push(span);
      return;
    }
    result[result.length - 1] = {
      userId: span.userId,
      length: last.length + span.length,
      revision: Math.max(last.revision, span.revision),
    };
  };
  const written = { userId, length: content.length, revision };
  const end = position + length;
  let at = 0;
  let placed = false;
  for (const span of spans) {
    const after = at + span.length;
    push({ ...span, length: Math.max(0, Math.min(after, position) - at) });
    if (!placed && after >= position) {
      push(written);
      placed = true;
    }
    push({ ...span, length: Math.max(0, after - Math.max(at, end)) });
    at = after;
  }
  if (!placed) push(written);
  return result;
}

/** The spans with their places. */
export function rangesOf(spans: readonly AuthoredSpan[]): AuthoredRange[] {
  let from = 0;
  return spans.map(({ userId, length, revision }) => {
    const range = { userId, from, to: from + length, revision };
    from = range.to;
    return range;
  });
}
