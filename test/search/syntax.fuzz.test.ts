import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_SEARCH_CHARS, MAX_SEARCH_TERMS } from '../../src/documents/search-terms.ts';
import { QuireError } from '../../src/platform/errors.ts';
import { Random } from '../support/random.ts';
import { ada, createLibrary, stranger } from './library.ts';

let library: Awaited<ReturnType<typeof createLibrary>>;
beforeAll(async () => {
  library = await createLibrary();
  await library.put('ours', 'Orchid', 'a rose is a rose: title, words and scope, AND OR NOT NEAR');
  await library.put('theirs', 'Orchid', 'a secret rose', stranger);
});
afterAll(() => library.desk.close());

/** What means something to FTS5 or to SQL, and what is hard to cut into words. */
const PIECES = [
  ...[
    '"',
    '""',
    "'",
    '*',
    '^',
    '+',
    '-',
    ':',
    '(',
    ')',
    '{',
    '}',
    ',',
    '.',
    ';',
    '\\',
    '%',
    '_',
    '?',
    '/*',
    '--',
  ],
  ...[
    ' ',
    '\t',
    '\n',
    '\u00a0',
    '\u3000',
    '\u2028',
    '\ufeff',
    '\u200d',
    '\u0301',
    '\u0000',
    '\ud83c',
    '\uffff',
  ],
  ...[
    'AND',
    'OR',
    'NOT',
    'NEAR',
    'NEAR(',
    'MATCH',
    'rank',
    'words',
    'scope',
    'rowid',
    '{words scope}',
    'words :',
  ],
  ...[
    'rose',
    'Orchid',
    'ros',
    'secret',
    'a',
    'é',
    'ß',
    'İ',
    'ﬁ',
    '１',
    '東',
    '京',
    'ก',
    'ำ',
    'हि',
    '🎈',
    '\ue000',
  ],
  ...[
    '\u{20000}',
    '\u{1e900}',
    '\u{10ffff}',
    '\u0378',
    "' or 1=1",
    '; drop table documents',
    '$1',
    '?1',
    '0',
    '-1',
  ],
];

function searchOf(random: Random): string {
  const pieces = Array.from({ length: random.between(0, 14) }, () => random.pick(PIECES));
  return pieces.join(random.pick(['', ' ', '"', '']));
}

describe('[P11] [P9] whatever is searched for', () => {
  const seed = Number(process.env['SEED'] ?? 20_261_121);

  it(`is a search for words: no error but about its size, and nothing of others (seed ${seed})`, async () => {
    const random = new Random(seed);
    let found = 0;
    for (let run = 0; run < 2_000; run += 1) {
      const text = searchOf(random);
      const about = `run ${run}: ${JSON.stringify(text)}`;
      try {
        const search = library.service.documents.search(ada, text);
        const ids = (await search.page(10, null)).map(({ id }) => id);
        expect([about, ids]).toEqual([about, ids.filter((id) => id === 'ours')]);
        expect([about, await search.count()]).toEqual([about, ids.length]);
        found += ids.length;
      } catch (error) {
        if (!(error instanceof QuireError)) throw new Error(about, { cause: error });
        const mayBeRefused =
          text.includes('\0') ||
          !text.isWellFormed() ||
          text.length > MAX_SEARCH_CHARS ||
          text.normalize('NFKC').split(/[\s"]+/u).length > MAX_SEARCH_TERMS;
        expect([about, error.code, error.details.argument, mayBeRefused]).toEqual([
          about,
          'BAD_USER_INPUT',
          'search',
          true,
        ]);
      }
    }
    expect(found).toBeGreaterThan(50);
    expect(await library.find('orchid', stranger)).toEqual(['theirs']);
  });
});
