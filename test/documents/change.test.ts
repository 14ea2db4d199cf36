import { describe, expect, it } from 'vitest';
import {
  type ChangeInput,
  changeTypeOf,
  MAX_REBASE_STEPS,
  MAX_SPLICES_PER_CHANGE,
  placeChange,
  readChanges,
} from '../../src/documents/change.ts';
import { Timeline } from '../../src/documents/timeline.ts';
import { QuireError } from '../../src/platform/errors.ts';
import { type Splice, toText } from '../../src/text/splice.ts';
import { LIMITS } from '../support/documents.ts';

const insert = (position: number, content: string): Splice => ({ position, length: 0, content });
const erase = (position: number, length: number): Splice => ({ position, length, content: '' });
const typed = (position: number, content: string): ChangeInput => ({
  changeType: 'INSERT',
  position,
  content,
});

/** Code and argument of the refusal. */
function refusalOf(call: () => unknown) {
  try {
    call();
  } catch (error) {
    if (error instanceof QuireError) return [error.code, error.details.argument];
    throw error;
  }
  return 'accepted';
}

describe('[P11] a change as a client writes it down', () => {
  const bad: [name: string, input: ChangeInput, argument: string][] = [
    ['a negative position', typed(-1, 'x'), 'change.position'],
    ['a negative length', { changeType: 'DELETE', position: 0, length: -1 }, 'change.length'],
    ['NUL', typed(0, 'a\0b'), 'change.content'],
    ['a lone high surrogate', typed(0, 'a\ud83c'), 'change.content'],
    [
      'a lone low surrogate',
      { changeType: 'REPLACE', position: 0, length: 1, content: '\udf88' },
      'change.content',
    ],
    ['INSERT without content', { changeType: 'INSERT', position: 0 }, 'change.content'],
    ['INSERT of nothing', typed(0, ''), 'change.content'],
    ['INSERT that removes', { ...typed(0, 'x'), length: 1 }, 'change.length'],
    ['DELETE without length', { changeType: 'DELETE', position: 0 }, 'change.length'],
    ['DELETE of nothing', { changeType: 'DELETE', position: 0, length: 0 }, 'change.length'],
    ['DELETE that inserts', { changeType: 'DELETE', position: 0, length: 1, content: 'x' }, 'change.content'],
    ['REPLACE without length', { changeType: 'REPLACE', position: 0, content: 'x' }, 'change.length'],
    ['REPLACE without content', { changeType: 'REPLACE', position: 0, length: 1 }, 'change.content'],
    [
      'REPLACE of nothing by nothing',
      { changeType: 'REPLACE', position: 0, length: 0, content: '' },
      'change',
    ],
  ];
  it.each(bad)('%s is refused', (_name, input, argument) => {
    expect(refusalOf(() => readChanges('change', [input], LIMITS))).toEqual(['BAD_USER_INPUT', argument]);
  });

  it('the place in a list is named with its index, also in a list of one', () => {
    const named = (inputs: ChangeInput[]) => refusalOf(() => readChanges('changes', inputs, LIMITS));
    expect(named([typed(-1, 'x')])).toEqual(['BAD_USER_INPUT', 'changes[0].position']);
    expect(named([typed(0, 'x'), typed(0, 'y'), typed(0, '')])).toEqual([
      'BAD_USER_INPUT',
      'changes[2].content',
    ]);
  });

  it('none, and more than a call may carry, are refused', () => {
    expect(refusalOf(() => readChanges('changes', [], LIMITS))).toEqual(['BAD_USER_INPUT', 'changes']);
    const most = Array.from({ length: MAX_SPLICES_PER_CHANGE }, () => typed(0, 'x'));
    expect(readChanges('changes', most, LIMITS)).toHaveLength(MAX_SPLICES_PER_CHANGE);
    expect(refusalOf(() => readChanges('changes', [...most, typed(0, 'x')], LIMITS))).toEqual([
      'PAYLOAD_TOO_LARGE',
      'changes',
    ]);
  });

  it('65,536 units may be inserted by one call, and not 65,537, in however many places', () => {
    expect(readChanges('change', [typed(0, 'x'.repeat(65_536))], LIMITS)).toHaveLength(1);
    const tooLarge = ['PAYLOAD_TOO_LARGE', 'change'];
    expect(refusalOf(() => readChanges('change', [typed(0, 'x'.repeat(65_537))], LIMITS))).toEqual(tooLarge);
    const halves = [typed(0, 'x'.repeat(32_768)), typed(0, 'y'.repeat(32_769))];
    expect(refusalOf(() => readChanges('changes', halves, LIMITS))).toEqual(['PAYLOAD_TOO_LARGE', 'changes']);
    expect(
      readChanges('change', [{ changeType: 'DELETE', position: 0, length: 65_537 }], LIMITS),
    ).toHaveLength(1);
  });

  it('what is good comes out as splices, which tell their kind', () => {
    const inputs: ChangeInput[] = [
      typed(3, 'new\r\n🎈'),
      { changeType: 'INSERT', position: 3, length: 0, content: 'x' },
      { changeType: 'DELETE', position: 1, length: 2, content: null },
      { changeType: 'REPLACE', position: 1, length: 2, content: 'y' },
      { changeType: 'REPLACE', position: 1, length: 2, content: '' },
      { changeType: 'REPLACE', position: 1, length: 0, content: 'z' },
    ];
    const splices = readChanges('changes', inputs, LIMITS);
    expect(splices).toEqual([
      insert(3, 'new\r\n🎈'),
      insert(3, 'x'),
      erase(1, 2),
      { position: 1, length: 2, content: 'y' },
      erase(1, 2),
      insert(1, 'z'),
    ]);
    expect(splices.map(changeTypeOf)).toEqual(['INSERT', 'INSERT', 'DELETE', 'REPLACE', 'DELETE', 'INSERT']);
  });
});

describe('[P11] the place of a change', () => {
  /** Revision 1 put a balloon before the text of revision 0. */
  const timeline = () => {
    const line = new Timeline(toText('a🎈b'), 0);
    line.advance(insert(0, '🎈!'));
    return line;
  };
  const place = (base: number, ...splices: Splice[]) =>
    placeChange(timeline(), base, splices, 'changes', LIMITS);
  const refused = (base: number, ...splices: Splice[]) => refusalOf(() => place(base, ...splices));

  it('must be in the text of its base: "🎈!a🎈b" of 7 units now, "a🎈b" of 4 before', () => {
    expect(place(1, insert(7, 'x'))).toEqual([insert(7, 'x')]);
    expect(refused(1, insert(8, 'x'))).toEqual(['BAD_USER_INPUT', 'changes[0].position']);
    expect(refused(1, erase(6, 2))).toEqual(['BAD_USER_INPUT', 'changes[0].length']);
    expect(place(0, insert(4, 'x'))).toEqual([insert(7, 'x')]);
    expect(refused(0, insert(5, 'x'))).toEqual(['BAD_USER_INPUT', 'changes[0].position']);
    expect(refused(0, erase(3, 2))).toEqual(['BAD_USER_INPUT', 'changes[0].length']);
    expect(refused(0, erase(0, 2 ** 31 - 1))).toEqual(['BAD_USER_INPUT', 'changes[0].length']);
  });

  it('must not part a pair, in the text of its base', () => {
    expect(refused(1, insert(1, 'x'))).toEqual(['BAD_USER_INPUT', 'changes[0].position']);
    expect(refused(1, erase(2, 3))).toEqual(['BAD_USER_INPUT', 'changes[0].length']);
    // The same place is between two characters at the older base, and the other way round.
    expect(place(0, insert(1, 'x'))).toEqual([insert(4, 'x')]);
    expect(refused(0, insert(2, 'x'))).toEqual(['BAD_USER_INPUT', 'changes[0].position']);
    expect(refused(0, erase(0, 2))).toEqual(['BAD_USER_INPUT', 'changes[0].length']);
    expect(place(1, insert(2, 'x'))).toEqual([insert(2, 'x')]);
  });

  it('of each in a list is in the text after the ones before it', () => {
    expect(place(1, insert(7, '🎈'), insert(9, 'x'), erase(0, 2))).toEqual([erase(0, 2), insert(5, '🎈x')]);
    expect(refused(1, insert(7, '🎈'), insert(8, 'x'))).toEqual(['BAD_USER_INPUT', 'changes[1].position']);
    expect(refused(1, erase(0, 3), insert(5, 'x'))).toEqual(['BAD_USER_INPUT', 'changes[1].position']);
  });

  it('is worked out without touching the timeline', () => {
    const line = timeline();
    placeChange(line, 0, [insert(0, 'x')], 'change', LIMITS);
    expect([line.revision, line.text.toString()]).toEqual([1, '🎈!a🎈b']);
  });

  it('is refused where working it out would take too long', () => {
    const line = new Timeline(toText('x'.repeat(2000)), 0);
    for (let step = 0; step < 501; step += 1) line.advance(insert(0, 'y'));
    const thousand = Array.from({ length: 1000 }, (_, index) => erase(index, 1));
    expect(1000 * 501).toBeGreaterThan(MAX_REBASE_STEPS);
    expect(refusalOf(() => placeChange(line, 0, thousand, 'changes', LIMITS))).toEqual([
      'RESYNC_REQUIRED',
      undefined,
    ]);
    expect(placeChange(line, 1, thousand, 'changes', LIMITS).length).toBeGreaterThan(0);
  });
});

describe('[P11] the size of a document', () => {
  const small = { changeChars: 100, documentChars: 10 };
  const place = (text: string, ...splices: Splice[]) =>
    placeChange(new Timeline(toText(text), 0), 0, splices, 'change', small);

  it('may reach its limit and not pass it', () => {
    expect(place('12345678', insert(8, '90'))).toHaveLength(1);
    expect(refusalOf(() => place('12345678', insert(8, '90x')))).toEqual(['PAYLOAD_TOO_LARGE', 'change']);
  });

  it('may shrink or stay when it is past a limit that has been lowered', () => {
    const large = '1234567890abc';
    expect(place(large, erase(0, 1))).toEqual([erase(0, 1)]);
    expect(place(large, { position: 0, length: 1, content: 'x' })).toHaveLength(1);
    expect(refusalOf(() => place(large, { position: 0, length: 1, content: 'xy' }))).toEqual([
      'PAYLOAD_TOO_LARGE',
      'change',
    ]);
  });

  it('counts what is left of a change after the others', () => {
    const line = new Timeline(toText('1234567890'), 0);
    line.advance(erase(0, 5));
    const replace = { position: 0, length: 5, content: 'abcde' };
    expect(placeChange(line, 0, [replace], 'change', small)).toEqual([insert(0, 'abcde')]);
    expect(
      refusalOf(() => placeChange(line, 0, [{ ...replace, content: 'abcdef' }], 'change', small)),
    ).toEqual(['PAYLOAD_TOO_LARGE', 'change']);
  });
});
