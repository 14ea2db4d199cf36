import { describe, expect, it } from 'vitest';
import { cross, rebase } from '../../src/text/rebase.ts';
import {
  applySplices,
  changeOf,
  composeSplices,
  type Splice,
  splicesOf,
  toText,
} from '../../src/text/splice.ts';
import { randomSplice } from '../support/edits.ts';
import { Random } from '../support/random.ts';

const insert = (position: number, content: string): Splice => ({ position, length: 0, content });
const erase = (position: number, length: number): Splice => ({ position, length, content: '' });
const rebased = (length: number, change: Splice, since: Splice[]) =>
  splicesOf(rebase(changeOf(length, change), since));

describe('rebase', () => {
  it('[P3] puts an insertion behind what was committed at the same place', () => {
    expect(rebased(5, insert(2, 'mine'), [insert(2, 'theirs')])).toEqual([insert(8, 'mine')]);
  });

  it('cuts a deletion where others have written into it', () => {
    expect(rebased(9, erase(2, 5), [insert(4, 'XY')])).toEqual([erase(2, 2), erase(4, 3)]);
  });

  it('does not delete again what is gone, and deletes nothing when all of it is', () => {
    expect(rebased(9, erase(2, 5), [erase(0, 4)])).toEqual([erase(0, 3)]);
    expect(rebased(9, erase(2, 5), [erase(2, 3), erase(1, 4)])).toEqual([]);
  });

  it('keeps what replaces a text that is gone', () => {
    const replace = { position: 2, length: 3, content: 'new' };
    expect(rebased(9, replace, [erase(1, 6)])).toEqual([insert(1, 'new')]);
  });
});

describe('cross', () => {
  it('[P3] brings both orders to the same text', () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const random = new Random(seed);
      const start = toText('The quick 🦊 jumps.\n');
      const own: Splice[] = [];
      let mine = start;
      for (let left = random.between(1, 4); left > 0; left -= 1) {
        const splice = randomSplice(random, mine.toString());
        own.push(splice);
        mine = applySplices(mine, [splice]);
      }
      const remote = randomSplice(random, start.toString());
      const local = [composeSplices(start.length, own.slice(0, 1))];
      const rest = own.slice(1);
      if (rest.length > 0) local.push(composeSplices(local[0]?.newLength ?? 0, rest));
      const crossing = cross(local, remote, start.length);
      const theirs = crossing.local.reduce(
        (text, change) => change.apply(text),
        applySplices(start, [remote]),
      );
      expect(crossing.remote.apply(mine).toString(), `seed ${seed}`).toBe(theirs.toString());
    }
  });
});
