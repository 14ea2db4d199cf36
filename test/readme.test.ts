import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { configVariables } from '../src/platform/config-variables.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The variables as the README shows them. */
const configurationTable = (): string =>
  [
    '| name | default | meaning |',
    '|---|---|---|',
    ...configVariables.map(({ name, default: value, meaning }) => `| \`${name}\` | ${value} | ${meaning} |`),
  ].join('\n');

it('the configuration table of the README is that of the code', () => {
  expect(readFileSync(`${root}README.md`, 'utf8')).toContain(configurationTable());
});

it('[P1] the walk-through passes as it is printed, and again after kill -9 and a restart', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/walkthrough.js'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 400_000,
  });
  expect(status, `${stdout}\n${stderr}`).toBe(0);
}, 410_000);
