import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

const directory = fileURLToPath(new URL('../../dist/console/', import.meta.url));
/** KB of 1,000 bytes, compressed by gzip: all that the first page needs. */
const LIMIT_KB = 250;

it('the console needs little before it can be used', () => {
  const index = readFileSync(`${directory}index.html`);
  const named = [...index.toString().matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(
    ([, path = '']) => path,
  );
  expect(named.join(' ')).toMatch(/\.js\b.*\.css\b/);
  const parts = [index, ...named.map((path) => readFileSync(`${directory}${path}`))];
  const kb = parts.reduce((sum, part) => sum + gzipSync(part).length, 0) / 1_000;
  console.log(`The console's first load: ${kb.toFixed(1)} KB in ${parts.length} files, of ${LIMIT_KB} KB.`);
  expect(kb).toBeLessThanOrEqual(LIMIT_KB);
  // Charts come when somebody looks at them.
  expect(parts.some((part) => part.includes('uplot'))).toBe(false);
});

it('the console has no script and no style in its page, and asks nobody else for anything', () => {
  const index = readFileSync(`${directory}index.html`, 'utf8');
  expect(index).not.toMatch(/<style|style=|<script(?![^>]* src=)|\son\w+=|https?:/);
});
