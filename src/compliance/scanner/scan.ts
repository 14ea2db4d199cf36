import { setImmediate } from 'node:timers/promises';
import { standsIn } from './context.ts';
import type { Finding, Framework } from './finding.ts';
import { mask } from './mask.ts';
import { type Hit, settle, withCompany } from './overlaps.ts';
import { type Detector, LOOK_BEHIND_UNITS, MAX_VALUE_UNITS, type Rule } from './rule.ts';
import { RULES } from './rules.ts';

/** A rule is not looked for any further once it has been found so often. */
export const MAX_FINDINGS_PER_RULE = 1000;
/** How much is looked through between two reports, in UTF-16 code units. */
export const CHUNK_UNITS = 65_536;

export interface ScanOptions {
  /** Only findings of these. The other rules still claim their values, so a finding depends on the text alone. */
  readonly frameworks?: readonly Framework[];
  /** Looked at after each chunk; the scan then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told after each chunk what part of the text is done, up to 1. */
  readonly report?: (fraction: number) => void;
  /** In UTF-16 code units; findings do not depend on it. */
  readonly chunkUnits?: number;
}

/**
 * The findings in a text, in order of place and without overlaps, at most MAX_FINDINGS_PER_RULE of a rule. Linear in
 * the text's length; gives way to the event loop after each chunk.
 */
export async function scan(text: string, options: ScanOptions = {}): Promise<readonly Finding[]> {
  const { frameworks, signal, report, chunkUnits = CHUNK_UNITS } = options;
  signal?.throwIfAborted();
  const searches = RULES.map((rule) => new Search(rule));
  for (let start = 0; start < text.length; start += chunkUnits) {
    const end = Math.min(start + chunkUnits, text.length);
    for (const search of searches) search.look(text, start, end);
    report?.(end / text.length);
    await setImmediate();
    signal?.throwIfAborted();
  }
  return firstOfEach(withCompany(settle(searches.flatMap(({ hits }) => hits))))
    .filter(({ rule }) => !frameworks || frameworks.includes(rule.framework))
    .map(({ rule, from, to }) => ({
      framework: rule.framework,
      rule: rule.id,
      from,
      to,
      excerpt: mask(text.slice(from, to), rule.shown),
      severity: rule.severity,
    }));
}

/** Without those of a rule that come after MAX_FINDINGS_PER_RULE of it: its detectors have counted each for itself. */
function firstOfEach(hits: readonly Hit[]): Hit[] {
  const counts = new Map<Rule, number>();
  return hits.filter(({ rule }) => {
    const count = (counts.get(rule) ?? 0) + 1;
    counts.set(rule, count);
    return count <= MAX_FINDINGS_PER_RULE;
  });
}

/** The search for one rule through one text, chunk by chunk. */
class Search {
  readonly hits: Hit[] = [];
  readonly #rule: Rule;
  /** Where each detector goes on: what it has found is not found again in part. */
  readonly #resume: number[];
  /** How much each detector has found: one value may be found by two of them. */
  readonly #counts: number[];

  constructor(rule: Rule) {
    this.#rule = rule;
    this.#resume = rule.detectors.map(() => 0);
    this.#counts = rule.detectors.map(() => 0);
  }

  /** Finds what starts in the chunk from (inclusive) to (exclusive). */
  look(text: string, from: number, to: number): void {
    this.#rule.detectors.forEach((detector, index) => {
      this.#resume[index] = this.#find(detector, index, text, Math.max(from, this.#resume[index] ?? 0), to);
    });
  }

  /**
   * The pattern sees the chunk with as much before and behind it as it may look at, so that it finds the same as in the
   * whole text, and a text of 10 MB without any match is not read to its end at the first chunk.
   */
  #find(detector: Detector, index: number, text: string, from: number, to: number): number {
    let count = this.#counts[index] ?? 0;
    if (from >= to || count >= MAX_FINDINGS_PER_RULE) return to;
    const { pattern } = detector;
    const offset = Math.max(0, from - LOOK_BEHIND_UNITS);
    const window = text.slice(offset, to + MAX_VALUE_UNITS + LOOK_BEHIND_UNITS);
    pattern.lastIndex = from - offset;
    for (;;) {
      const match = pattern.exec(window);
      if (!match) return to;
      const start = offset + match.index;
      if (start >= to) return to;
      const end = endOf(detector, text, start, match[0]);
      if (end <= start) {
        pattern.lastIndex = match.index + 1;
        continue;
      }
      this.hits.push({ rule: this.#rule, from: start, to: end, named: detector.context !== undefined });
      count += 1;
      this.#counts[index] = count;
      if (count >= MAX_FINDINGS_PER_RULE) return to;
      if (end >= to) return end;
      pattern.lastIndex = end - offset;
    }
  }
}

/** Where the value ends that starts here; 0 when there is none. */
function endOf({ validator, context, unless }: Detector, text: string, from: number, value: string): number {
  const to = from + value.length;
  if (context && !standsIn(context, text, from, to)) return 0;
  const end = validator({ text, from, to, value });
  return end > from && unless && standsIn(unless, text, from, end) ? 0 : end;
}
