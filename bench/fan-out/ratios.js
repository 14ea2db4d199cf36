import { brief, median, spread } from './report.js';
import { TITLES } from './servers.js';

/** @import { FanOut } from './run.js' */
/** @import { ServerName } from './servers.js' */

/** The runs of each scenario, by server and round; null is one that failed. @typedef {Map<string, Map<ServerName, (FanOut | null)[]>>} Results */

/**
 * What Quire may cost at most, as a part of what another server costs.
 * @type {readonly { scenario: string, what: string, peer: ServerName, most: number, shown: string }[]}
 */
const AIMS = [
  { scenario: 'one', what: '1 event a tick', peer: 'ws', most: 1, shown: '≤ 1.0×' },
  { scenario: 'ten', what: '10 events a tick', peer: 'ws', most: 0.4, shown: '≤ 0.4×' },
  { scenario: 'one', what: '1 event a tick', peer: 'yoga', most: 1 / 6, shown: '≤ 1/6' },
  { scenario: 'ten', what: '10 events a tick', peer: 'yoga', most: 1 / 15, shown: '≤ 1/15' },
  { scenario: 'distinct', what: 'nothing shared', peer: 'yoga', most: 0.8, shown: '≤ 0.8×' },
];

/** The aims that were measured, with what was reached: a table with a head. @param {Results} results */
export function ratiosOf(results) {
  const rows = [['', 'to', 'reached', 'no commit', 'aim', '']];
  for (const { scenario, what, peer, most, shown } of AIMS) {
    const runs = results.get(scenario);
    const peers = runs?.get(peer) ?? [];
    const pairs = (runs?.get('quire') ?? []).flatMap((quire, round) => {
      const other = peers[round];
      return quire && other ? [{ whole: quire.cpu / other.cpu, rest: quire.withoutCommit / other.cpu }] : [];
    });
    if (pairs.length === 0) continue;
    const whole = pairs.map((pair) => pair.whole);
    rows.push([
      what,
      TITLES[peer],
      spread(whole, times),
      spread(
        pairs.map((pair) => pair.rest),
        times,
      ),
      shown,
      median(whole) <= most ? '✓' : '✗',
    ]);
  }
  return rows;
}

/** @param {number} ratio */
const times = (ratio) => `${ratio < 1 ? ratio.toFixed(3) : brief(ratio)}×`;
