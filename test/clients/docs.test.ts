import { execFile, spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';
import { testSecret } from '../support/tokens.ts';
import { filesOfPage, root, type Step, stepsOfPage } from './blocks.ts';

/** Milliseconds that tsc may take, and all the commands of the page, on a busy machine. */
const CHECK_MS = 110_000;
const WALK_MS = 190_000;
/** Where the files are that people copy. */
const EXAMPLES = ['apollo', 'graphql-ws', 'urql'];
/** Printed between two steps. */
const MARK = '--- end of step ---';

/** What a program of somebody who has mistaken a type looks like: tsc is to find each of these lines. */
const MISTAKES = `
import { ApolloClient, InMemoryCache } from '@apollo/client';
import { Client } from '@urql/core';
import { createResumeLink } from './resume-link.ts';
import { DocumentChangesDocument, DocumentTextDocument } from './generated.ts';

const apollo = new ApolloClient({ link: createResumeLink(), cache: new InMemoryCache() });
const urql = new Client({ url: '', exchanges: [] });
const read = await apollo.query({ query: DocumentTextDocument, variables: { id: '' } });
// @ts-expect-error A revision is a number.
const text: string | undefined = read.data?.document?.revision;
// @ts-expect-error There is no variable of this name.
void apollo.subscribe({ query: DocumentChangesDocument, variables: { document: '' } });
// @ts-expect-error A revision is a number.
const other: string | undefined = (await urql.query(DocumentTextDocument, { id: '' })).data?.document?.revision;
// @ts-expect-error There is no variable of this name.
void urql.subscription(DocumentChangesDocument, { document: '' });
void [text, other];
`;

let server: TestServer;
/** A folder as its reader would have it, inside of the checkout so that the packages are found. */
let folder: string;

beforeAll(async () => {
  server = await startServer();
  await mkdir(join(root, '.data'), { recursive: true });
  folder = await mkdtemp(join(root, '.data/clients-'));
  for (const [name, text] of filesOfPage()) await writeFile(join(folder, name), text);
  await copyFile(join(root, 'src/sdk/generated.ts'), join(folder, 'generated.ts'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await server.stop();
});

it('docs/clients.md shows the files of examples/ as they are, and all of them', async () => {
  const shown = filesOfPage();
  for (const directory of EXAMPLES) {
    const names = await readdir(join(root, 'examples', directory));
    expect(names).not.toEqual([]);
    for (const name of names) {
      const text = await readFile(join(root, 'examples', directory, name), 'utf8');
      expect(shown.get(name), `examples/${directory}/${name} in docs/clients.md`).toBe(text);
    }
  }
});

it('the programs of docs/clients.md have types: results are what the documents say', async () => {
  await writeFile(join(folder, 'mistakes.ts'), MISTAKES);
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      // One of the programs is for a page.
      compilerOptions: { lib: ['es2023', 'es2024.string', 'dom', 'dom.asynciterable'] },
      include: ['*.ts'],
    }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const checked = promisify(execFile)(process.execPath, [tsc, '-p', folder], { timeout: CHECK_MS });
  await checked.catch(({ stdout }: { stdout?: string }) => {
    throw new Error(`tsc refuses what docs/clients.md shows:\n${stdout ?? ''}`);
  });
}, 120_000);

/** What the steps print, each by itself, when they are typed into one shell. */
function walk(steps: readonly Step[]): readonly string[] {
  const script = steps.map(({ command }) => `${command}\necho '${MARK}'`).join('\n');
  const settings = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'));
  const { stdout, stderr, status } = spawnSync('bash', ['-e'], {
    cwd: folder,
    env: { ...Object.fromEntries(settings), AUTH_SECRET: testSecret },
    // At the port that the server has here.
    input: script.replaceAll('localhost:4000', new URL(server.url).host),
    encoding: 'utf8',
    timeout: WALK_MS,
  });
  if (status !== 0) throw new Error(`The commands failed (${status}):\n${stdout}\n${stderr}`);
  return stdout.split(`${MARK}\n`);
}

it('[P2] [P4] what docs/clients.md shows is what its commands print, again and again', () => {
  if (spawnSync('curl', ['--version']).error)
    throw new Error('curl is not on this machine: install it, docs/clients.md is about it, too.');
  const steps = stepsOfPage();
  for (const printed of [walk(steps), walk(steps)]) {
    steps.forEach(({ command, output }, index) => {
      if (output !== '') expect(printed[index], command).toBe(output);
    });
  }
}, 400_000);
