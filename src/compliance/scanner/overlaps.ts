import type { Rule } from './rule.ts';

/** A value found, before what overlaps is settled. */
export interface Hit {
  readonly rule: Rule;
  /** UTF-16 code units, from (inclusive) to (exclusive). */
  readonly from: number;
  readonly to: number;
  /** A word beside it says what it is. */
  readonly named: boolean;
}

/** One place means one thing: the longest wins, then the one that is named, then the most severe. In order of place. */
export function settle(hits: readonly Hit[]): Hit[] {
  const settled: Hit[] = [];
  for (const hit of [...hits].sort((a, b) => a.from - b.from || b.to - a.to)) {
    const last = settled.at(-1);
    if (!last || last.to <= hit.from) settled.push(hit);
    else if (outweighs(hit, last)) settled[settled.length - 1] = hit;
  }
  return settled;
}

function outweighs(hit: Hit, other: Hit): boolean {
  const longer = hit.to - hit.from - (other.to - other.from);
  if (longer !== 0) return longer > 0;
  if (hit.named !== other.named) return hit.named;
  return hit.rule.severity > other.rule.severity;
}

/** Without those that count only near a finding of another rule and have none near. The hits are in order of place. */
export function withCompany(hits: readonly Hit[]): Hit[] {
  const places = new Map<string, Hit[]>();
  for (const hit of hits) {
    const same = places.get(hit.rule.id);
    if (same) same.push(hit);
    else places.set(hit.rule.id, [hit]);
  }
  return hits.filter(({ rule: { near }, from, to }) => {
    if (!near) return true;
    const others = places.get(near.rule) ?? [];
    const next = firstAtOrAfter(others, from);
    const [before, after] = [others[next - 1], others[next]];
    return (
      (before !== undefined && from - before.to <= near.units) ||
      (after !== undefined && after.from - to <= near.units)
    );
  });
}

/** The index of the first hit that starts at the place or behind it. */
function firstAtOrAfter(hits: readonly Hit[], place: number): number {
  let [low, high] = [0, hits.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((hits[middle]?.from ?? Infinity) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
