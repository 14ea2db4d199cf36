import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

/** Bytes, compressed by gzip, that the client may have in a page. */
const MOST_BYTES = 40 * 1024;

describe('quire/client in a page', () => {
  it('has no part of Node and is small', async () => {
    // What the package names, and a page's bundler finds.
    const contents = "export * from 'quire/client';";
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: new URL('../..', import.meta.url).pathname },
      bundle: true,
      write: false,
      format: 'esm',
      minify: true,
      platform: 'browser',
      target: 'es2022',
    });
    const [output] = outputFiles;
    const text = output?.text ?? '';
    const size = gzipSync(text).length;
    process.stdout.write(`quire/client: ${text.length} bytes, ${size} with gzip\n`);
    expect(text).toContain('createQuireClient');
    expect(text).not.toMatch(/["']node:|\bBuffer\b|\brequire\(/);
    expect(size).toBeLessThanOrEqual(MOST_BYTES);
    expect(packageJson.exports['./client'].types).toBe('./dist/sdk/index.d.ts');
  });
});
