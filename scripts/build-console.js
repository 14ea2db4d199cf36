/**
 * Builds the web console into dist/console, with a compressed copy beside each file. Does nothing when what it is made of
 * is as it was at the last build.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const finished = join(root, 'dist/console');
/** Where vite.config.ts builds to: servers that run see the old console until the new one is whole. */
const next = join(root, 'dist/console-next');
const stamp = '.built';
const sources = ['src/console', 'src/sdk', 'src/text'];
const settings = ['vite.config.ts', 'package-lock.json', 'scripts/build-console.js'];
/** Below this many bytes a file fits into a packet as it is. */
const MIN_COMPRESSED_BYTES = 1_024;

/** @param {string} directory @returns {string[]} the paths of all files below it, in order */
const filesOf = (directory) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

/** A digest of everything that the console is made of. */
function digest() {
  const hash = createHash('sha256');
  for (const path of [
    ...settings.map((name) => join(root, name)),
    ...sources.flatMap((name) => filesOf(join(root, name))),
  ])
    hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0');
  return `${hash.digest('hex')}\n`;
}

/** @param {string} path */
async function compress(path) {
  const bytes = readFileSync(path);
  if (bytes.length < MIN_COMPRESSED_BYTES) return;
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  const [brotli, gzipped] = await Promise.all([
    promisify(brotliCompress)(bytes, { params }),
    promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
  ]);
  writeFileSync(`${path}.br`, brotli);
  writeFileSync(`${path}.gz`, gzipped);
}

const state = digest();
const built = join(finished, stamp);
if (!existsSync(built) || readFileSync(built, 'utf8') !== state) {
  // Whoever builds may be a test; React has other code for those.
  process.env['NODE_ENV'] = 'production';
  // Loaded when it is needed: that takes as long as the rest of this script.
  const { build } = await import('vite');
  await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'warn' });
  await Promise.all(filesOf(next).map(compress));
  writeFileSync(join(next, stamp), state);
  rmSync(finished, { recursive: true, force: true });
  renameSync(next, finished);
}
