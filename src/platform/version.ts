import { readFile } from 'node:fs/promises';

/** The version of this program, as its package says. */
export const readVersion = async (): Promise<string> => {
  const manifest: unknown = JSON.parse(
    await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isManifest ? String(manifest.version) : 'unknown';
};
