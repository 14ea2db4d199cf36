import { existsSync, readFileSync } from 'node:fs';

/** Ends the process, saying what to do, when the servers that Quire is measured beside are not installed. */
export function mustHavePeers() {
  const bench = new URL('../', import.meta.url);
  /** @type {unknown} */
  const parsed = JSON.parse(readFileSync(new URL('package.json', bench), 'utf8'));
  const { devDependencies } = /** @type {{ devDependencies: Record<string, string> }} */ (parsed);
  const missing = Object.keys(devDependencies).filter(
    (name) => !existsSync(new URL(`node_modules/${name}/package.json`, bench)),
  );
  if (missing.length === 0) return;
  console.error(`Not installed: ${missing.join(', ')}. To install what Quire is measured beside:

  npm --prefix bench ci --ignore-scripts
`);
  process.exit(1);
}
