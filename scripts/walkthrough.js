/**
 * Runs the README's walk-through as it is printed, on a server of its own, twice: the second time after `kill -9` and a
 * restart. What each block prints must be what the README shows beneath it. Exits with 1 and the difference otherwise.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dataDir = mkdtempSync(join(tmpdir(), 'quire-walkthrough-'));
/** A person's shell: when npm or npx runs this script, its settings must not reach the npx of the walk-through. */
const environment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))),
  DATA_DIR: dataDir,
  PORT: '0',
  LOG_LEVEL: 'info',
  // npm says which script it runs; that is not of the script's output.
  npm_config_loglevel: 'silent',
};
/** Milliseconds that all steps may take, on a busy machine. */
const WALK_MS = 180_000;

/** The steps of the walk-through: what to type, and what the README says that one sees. */
function readSteps() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const steps = [...readme.matchAll(/```bash terminal=2\n([^]*?)```(?:\n\n```(?:json)?\n([^]*?)```)?/g)].map(
    ([, command = '', output = '']) => ({ command, output }),
  );
  if (steps.length < 4) throw new Error('The walk-through was not found in the README.');
  return steps;
}

async function startServer() {
  const server = spawn('npm', ['start'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
    // A group of its own, so that kill -9 reaches the server behind npm.
    detached: true,
  });
  for await (const line of createInterface({ input: server.stdout })) {
    const [, url] = /"url":"([^"]+)"/.exec(line) ?? [];
    if (url) return { server, url: new URL(url) };
  }
  throw new Error('The server did not start.');
}

/** @param {import('node:child_process').ChildProcess} server @param {NodeJS.Signals} signal */
async function end(server, signal) {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  const ended = once(server, 'exit');
  process.kill(-server.pid, signal);
  await ended;
}

/** A step as it is typed where the server is at another port than the README's. */
const at = (/** @type {URL} */ url, /** @type {string} */ script) =>
  script
    .replaceAll('npm run demo:processing', `npm run demo:processing -- --url ${url.origin}`)
    .replaceAll('localhost:4000', url.host);

/** What is the same in each run: without times, and without the lines of progress, whose number depends on the machine. */
const stable = (/** @type {string} */ text) =>
  text.replace(/^ +\d+ % .*\n/gm, '').replace(/\b\d+\.\d s\b/g, '… s');

/**
 * Runs all steps in one shell, as a person would, and compares what each prints.
 * @param {URL} url
 */
function walk(url) {
  const mark = '--- end of step ---';
  const steps = readSteps();
  const script = steps.map(({ command }) => `${command}\necho '${mark}'`).join('\n');
  const { stdout, stderr, status } = spawnSync('bash', ['-e'], {
    cwd: root,
    env: environment,
    input: at(url, script),
    encoding: 'utf8',
    timeout: WALK_MS,
  });
  if (status !== 0) throw new Error(`The walk-through failed (${status}):\n${stdout}\n${stderr}`);
  const printed = stdout.split(`${mark}\n`);
  steps.forEach(({ command, output }, index) => {
    if (output !== '' && stable(printed[index] ?? '') !== stable(output)) {
      throw new Error(`The README shows\n${output}\nbut one sees\n${printed[index]}\nafter\n${command}`);
    }
  });
}

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
try {
  const first = await startServer();
  running = first.server;
  walk(first.url);
  console.log(`The walk-through passes on Node ${process.version}.`);

  await end(first.server, 'SIGKILL');
  const second = await startServer();
  running = second.server;
  walk(second.url);
  console.log(
    'It passes again after kill -9 and a restart: the document is intact, no change was applied twice.',
  );
} finally {
  if (running) await end(running, 'SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
}
