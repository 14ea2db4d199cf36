import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLibrary } from './library.ts';

let library: Awaited<ReturnType<typeof createLibrary>>;
beforeEach(async () => {
  library = await createLibrary();
});
afterEach(() => library.desk.close());

describe('a search finds', () => {
  it('words of the title and of the text, in any case and order, all of them', async () => {
    await library.put('plan', 'Budget for spring', 'Seeds and a new spade.');
    await library.put('diary', 'Diary', 'The budget is spent on seeds.');
    await library.put('letter', 'Letter', 'Dear Charles');
    expect(await library.findSorted('budget')).toEqual(['diary', 'plan']);
    expect(await library.findSorted('SEEDS Budget')).toEqual(['diary', 'plan']);
    expect(await library.findSorted('spade spring')).toEqual(['plan']);
    expect(await library.find('budget Charles')).toEqual([]);
    expect(await library.count('seeds budget')).toBe(2);
  });

  it('the last word as a beginning, the others whole', async () => {
    await library.put('garden', 'Gardening', 'Potatoes and tomatoes');
    expect(await library.find('gard')).toEqual(['garden']);
    expect(await library.find('potatoes tom')).toEqual(['garden']);
    expect(await library.find('pot tomatoes')).toEqual([]);
    expect(await library.find('toma pot')).toEqual([]);
  });

  it('one letter as a word alone', async () => {
    await library.put('vitamins', 'Vitamin C');
    await library.put('cats', 'Cats');
    expect(await library.find('c')).toEqual(['vitamins']);
  });

  it.each([
    ['Café crème', 'cafe creme'],
    ['Cafe creme', 'CAFÉ CRÈME'],
    ['Cafe\u0301', 'café'],
    ['x\u0302y', 'xy'],
    ['xy', 'x\u0302y'],
    ['Ångström', 'angstrom'],
    ['Tiếng Việt', 'tieng viet'],
    ['Übergrößenträger', 'ubergro'],
    ['ﬁne ２０２６', 'fine 2026'],
    ['ΑΘΗΝΑ', 'αθηνα'],
    ['МОСКВА', 'москва'],
  ])('%j by %j', async (title, search) => {
    await library.put('one', title);
    expect(await library.find(search)).toEqual(['one']);
  });

  it.each([
    [
      '東京都に住んでいます。',
      ['東京', '京都', '住んで', '都', '東京都に住んでいます'],
      ['京東', '東住', '北'],
    ],
    ['我们在北京开会', ['北京', '开会', '北京开会', '我们 开会'], ['京北', '上海']],
    ['オンラインサーバー', ['サーバー', 'オンライン'], ['ラーバ']],
    ['회의록을 검토했습니다', ['회의', '회의록', '검토'], ['록회']],
    ['ประเทศไทย', ['ไทย', 'ประเทศ'], ['ทยไ']],
    ['हिन्दी में', ['हिन्दी', 'हिन्'], ['हन']],
    ['Meeting 東京tower 2026', ['東京tower', 'tower', '京tow'], ['東tower']],
  ])('stretches of %j', async (content, found, missed) => {
    await library.put('one', 'Untitled', content);
    for (const search of found) expect([search, await library.find(search)]).toEqual([search, ['one']]);
    for (const search of missed) expect([search, await library.find(search)]).toEqual([search, []]);
  });

  it('what is written with marks between letters as a phrase', async () => {
    await library.put('near', 'Mail', 'Write an e-mail to ada@example.org');
    await library.put('apart', 'Mail', 'mail e example org ada');
    expect(await library.find('e-mail')).toEqual(['near']);
    expect(await library.find('ada@example.org')).toEqual(['near']);
  });

  it('words wherever they stand in a long text', async () => {
    const filler = 'lorem ipsum dolor sit amet '.repeat(2_400);
    const content = `alpha ${filler}bravo ${filler}charlie ${filler}delta`;
    expect(content.length).toBeGreaterThan(3 * 64_000);
    await library.put('long', 'Long', content);
    await library.put('unbroken', 'Unbroken', `${'x'.repeat(70_000)} echo ${'🎈'.repeat(70_000)} foxtrot`);
    expect(await library.find('alpha delta charlie bravo')).toEqual(['long']);
    expect(await library.find('echo foxtrot')).toEqual(['unbroken']);
  });
});

describe('the best comes first:', () => {
  const filler = 'about nothing much at all '.repeat(40);

  it('a title before a text, more places before fewer, a short text before a long one', async () => {
    await library.put('long', 'A', `orchid ${filler.repeat(20)}`);
    await library.put('once', 'B', `orchid ${filler}`);
    await library.put('often', 'C', `orchid orchid orchid ${filler}`);
    await library.put('title', 'Orchid', filler.repeat(20));
    await library.put('none', 'D', filler);
    expect(await library.find('orchid')).toEqual(['title', 'often', 'once', 'long']);
  });

  it('a beginning counts wherever it is found', async () => {
    await library.put('once', 'A', `orchid ${filler}`);
    await library.put('both', 'B', `orchids orchestra ${filler}`);
    expect(await library.find('orch')).toEqual(['both', 'once']);
  });

  it('each word of a search counts, so that many places of one do not make up for few of another', async () => {
    await library.put('balanced', 'A', `red red blue blue ${filler}`);
    await library.put('lopsided', 'B', `red red red blue ${filler}`);
    expect(await library.find('red blue ')).toEqual(['balanced', 'lopsided']);
  });

  it('equal ones newest first', async () => {
    for (const id of ['m', 'a', 'z']) {
      library.service.clock.advance(1);
      await library.put(id, 'Orchid', 'the same');
    }
    await library.put('b', 'Orchid', 'the same');
    expect(await library.find('orchid')).toEqual(['z', 'b', 'a', 'm']);
  });
});

describe('[P11] a search', () => {
  it.each(['', ' ', '"', '""', '*', '---', '。、', '🎈', '\u0301', "'; --", '()', '^', '\u00a0\u3000'])(
    'without a word, as %j, finds nothing',
    async (search) => {
      await library.put('one', `Something ${search}`, 'e\u0301 🎈 * "quoted"');
      expect([await library.find(search), await library.count(search)]).toEqual([[], 0]);
    },
  );

  it.each([
    ['NUL', 'a\0b'],
    ['half a pair', 'a\ud83c'],
    ['501 characters', 'x'.repeat(501)],
    ['11 words', 'a b c d e f g h i j k'],
  ])('with %s is refused', (_name, search) => {
    expect(() => library.service.documents.search(library.service.as('ada').viewer, search)).toThrowError(
      expect.objectContaining({ code: 'BAD_USER_INPUT', details: { argument: 'search' } }),
    );
  });

  it('takes 500 characters and 10 words', async () => {
    await library.put('one', 'ja '.repeat(166), 'a b c d e f g h i jot');
    expect(await library.find(`${'ja '.repeat(166)}ja`)).toEqual(['one']);
    expect(await library.find('a b c d e f g h i jo')).toEqual(['one']);
    expect(await library.find('漢'.repeat(500))).toEqual([]);
  });
});
