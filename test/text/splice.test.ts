import { ChangeSet } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import {
  applySplice,
  applySplices,
  changeOf,
  composeSplices,
  cutsPair,
  difference,
  invertSplice,
  mapPosition,
  type Splice,
  splicesOf,
  toText,
} from '../../src/text/splice.ts';
import { randomSplice } from '../support/edits.ts';
import { Random } from '../support/random.ts';

const START = 'The quick 🦊 jumps.\nOver\r\nthe 🦥.';

/** Random splices, one after the other, and the text that they make. */
function session(seed: number, most = 12) {
  const random = new Random(seed);
  const splices: Splice[] = [];
  let text = toText(START);
  for (let left = random.between(0, most); left > 0; left -= 1) {
    const splice = randomSplice(random, text.toString());
    splices.push(splice);
    text = applySplice(text, splice);
  }
  return { splices, text };
}

describe('applySplice', () => {
  it('gives the text back as it came, whatever ends its lines', () => {
    const odd = 'a\rb\r\nc\u2028d\n\ne🎈\n';
    expect(toText(odd).toString()).toBe(odd);
    expect(applySplice(toText(odd), { position: 2, length: 2, content: '\r\n\n' }).toString()).toBe(
      'a\r\r\n\n\nc\u2028d\n\ne🎈\n',
    );
  });

  it.each([
    { position: 4, length: 0, content: 'x' },
    { position: 2, length: 2, content: '' },
    { position: -1, length: 2, content: '' },
    { position: 1, length: -1, content: '' },
  ])('throws for $position + $length in a text of 3, instead of moving it inside', (splice) => {
    expect(() => applySplice(toText('abc'), splice)).toThrow(RangeError);
  });

  it('is undone by the inverse', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const { text } = session(seed);
      const splice = randomSplice(new Random(seed + 1000), text.toString());
      const after = applySplice(text, splice);
      expect(applySplice(after, invertSplice(text, splice)).eq(text), `seed ${seed}`).toBe(true);
    }
  });
});

describe('composeSplices', () => {
  it('does in one change what the splices do one by one', () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const { splices, text } = session(seed, 20);
      const change = composeSplices(START.length, splices);
      expect(change.apply(toText(START)).toString(), `seed ${seed}`).toBe(text.toString());
    }
  });

  it('[P3] makes of a client’s own splices what composing them in any order makes', () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const sent = splicesOf(composeSplices(START.length, session(seed, 20).splices));
      const oneByOne = sent.reduce(
        (all, splice) => all.compose(changeOf(all.newLength, splice)),
        ChangeSet.empty(START.length),
      );
      expect(composeSplices(START.length, sent).toJSON(), `seed ${seed}`).toEqual(oneByOne.toJSON());
    }
  });

  it('throws where one of them lies outside of the text as the ones before have left it', () => {
    const shortened = { position: 0, length: 2, content: '' };
    expect(() => composeSplices(3, [shortened, { position: 2, length: 0, content: 'x' }])).toThrow(
      RangeError,
    );
    expect(composeSplices(3, []).empty).toBe(true);
  });
});

describe('splicesOf', () => {
  it('gives splices that do what the change does', () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const { splices, text } = session(seed);
      const parts = splicesOf(composeSplices(START.length, splices));
      expect(applySplices(toText(START), parts).toString(), `seed ${seed}`).toBe(text.toString());
    }
  });

  it('counts the position in the text after the splices before it, and joins what touches', () => {
    const change = ChangeSet.of(
      [
        { from: 0, insert: 'xy' },
        { from: 4, to: 5 },
        { from: 5, insert: 'z' },
      ],
      9,
    );
    expect(splicesOf(change)).toEqual([
      { position: 0, length: 0, content: 'xy' },
      { position: 6, length: 1, content: 'z' },
    ]);
    expect(splicesOf(ChangeSet.empty(9))).toEqual([]);
  });
});

describe('mapPosition', () => {
  it('agrees with ChangeSet.mapPos everywhere', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const { text } = session(seed);
      const splice = randomSplice(new Random(seed + 1000), text.toString());
      const change = changeOf(text.length, splice);
      for (let at = 0; at <= text.length; at += 1) {
        for (const assoc of [-1, 1] as const) {
          const message = `seed ${seed}: ${at}, ${assoc}`;
          expect(mapPosition(at, splice, assoc), message).toBe(change.mapPos(at, assoc));
        }
      }
    }
  });

  it('stays before what is inserted at it unless it is said to go behind', () => {
    const typed = { position: 2, length: 0, content: 'abc' };
    expect([mapPosition(2, typed), mapPosition(2, typed, 1)]).toEqual([2, 5]);
  });
});

describe('cutsPair', () => {
  it('is true between the halves of a pair alone', () => {
    const text = toText('a🎈\n🎈');
    expect([-1, 0, 1, 2, 3, 4, 5, 6, 7].filter((position) => cutsPair(text, position))).toEqual([2, 5]);
  });
});

describe('difference', () => {
  // Pairs that share a high half (🦊 🦥 🦁) or a low half (𐐀 and 🐀), so that a common prefix or suffix may end in one.
  const LETTERS = ['a', 'b', '\n', '🦊', '🦥', '🦁', '🐀', '𐐀'];

  const check = (from: string, to: string, message: string) => {
    const before = toText(from);
    const splice = difference(before, toText(to));
    if (!splice) {
      expect(from, message).toBe(to);
      return;
    }
    const { position, length, content } = splice;
    expect(applySplice(before, splice).toString(), message).toBe(to);
    expect(cutsPair(before, position) || cutsPair(before, position + length), message).toBe(false);
    expect(content.isWellFormed(), message).toBe(true);
  };

  it('[P3] turns one text into the other and never cuts a pair', () => {
    for (let seed = 1; seed <= 3000; seed += 1) {
      const random = new Random(seed);
      const word = () => Array.from({ length: random.between(0, 6) }, () => random.pick(LETTERS)).join('');
      check(word(), word(), `seed ${seed}`);
      const [start, end] = [word(), word()];
      check(start + word() + end, start + word() + end, `seed ${seed}, common ends`);
    }
  });

  it('is no larger than it must be', () => {
    expect(difference(toText('hello world'), toText('hello there world'))).toEqual({
      position: 6,
      length: 0,
      content: 'there ',
    });
    expect(difference(toText('aaa'), toText('aa'))).toEqual({ position: 2, length: 1, content: '' });
    expect(difference(toText('x🦊y'), toText('x🦥y'))).toEqual({ position: 1, length: 2, content: '🦥' });
    expect(difference(toText('same'), toText('same'))).toBeNull();
  });
});
