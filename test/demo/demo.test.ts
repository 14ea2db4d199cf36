import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { liveBoard, plainBoard, type Update } from '../../scripts/demo/board.ts';
import { makeFiles } from '../../scripts/demo/files.ts';
import type { BatchFieldsFragment } from '../../src/sdk/generated.ts';
import { startServer } from '../support/server.ts';
import { testSecret } from '../support/tokens.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const batchOf = (processedItems: number, failedItems = 0): BatchFieldsFragment => ({
  batchId: 'b',
  totalItems: 10,
  processedItems,
  failedItems,
  cancelledItems: 0,
  currentItem: null,
  estimatedCompletion: null,
  status: 'IN_PROGRESS',
  createdAt: '',
  finishedAt: null,
});

const updateOf = (progress: number, message: string): Update => ({
  documentId: 'd',
  jobId: 'j',
  status: 'IN_PROGRESS',
  progress,
  message,
  step: null,
  result: null,
  error: null,
  timestamp: '',
});

describe('the files of the demo', () => {
  it('are what their names say, but for the one that is cut off', async () => {
    const files = await makeFiles();
    const beginnings = await Promise.all(
      files.map(async (file) => [file.name, (await file.slice(0, 4).text()).slice(0, 4)]),
    );
    expect(Object.fromEntries(beginnings)).toMatchObject({
      'lighthouse-log.pdf': '%PDF',
      'rechnung.pdf': '%PDF',
      'bookings.docx': 'PK\u0003\u0004',
      'bail.docx': 'PK\u0003\u0004',
      'verger.html': '<!DO',
      'soupe.md': '# So',
    });
    expect(files).toHaveLength(10);
  });
});

describe('the progress that is shown', () => {
  it('is a line whenever more have ended, where it is not a terminal', () => {
    let text = '';
    const board = plainBoard((more) => (text += more));
    board.file('a.txt', updateOf(50, 'Half.'));
    for (const batch of [batchOf(0), batchOf(0), batchOf(3), batchOf(8, 1), batchOf(8, 1)])
      board.batch(batch);
    expect(text).toBe(
      '    0 %  0 of 10 files have ended.\n   30 %  3 of 10 files have ended.\n' +
        '   90 %  9 of 10 files have ended, 1 of them failed.\n',
    );
  });

  it('is written over in a terminal, and no line is longer than it is wide', () => {
    const writes: string[] = [];
    const board = liveBoard({ columns: 60, write: (text: string) => writes.push(text) > 0 }, [
      'a.txt',
      'b.pdf',
    ]);
    board.file('b.pdf', updateOf(50, `Half of what there is to be done, ${'and '.repeat(20)}more.`));
    const [first = '', second = ''] = writes;
    expect(second.startsWith(`\x1b[${first.split('\n').length - 1}A`)).toBe(true);
    const lines = second
      .slice(second.indexOf('\x1b[2K'))
      .split('\n')
      .map((line) => line.replace('\x1b[2K', ''));
    expect(lines[1]).toContain(`b.pdf  ${'█'.repeat(10)}${'░'.repeat(10)}  50 %  Half of`);
    expect(Math.max(...lines.map((line) => line.length))).toBe(59);
  });
});

const run = (args: readonly string[], env: Readonly<Record<string, string>>) =>
  spawnSync('npx', ['tsx', 'scripts/demo/processing.ts', ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], npm_config_loglevel: 'silent', ...env },
    encoding: 'utf8',
  });

describe('the demo', () => {
  it('shows the progress of its files to the last one, and what was found', async () => {
    const server = await startServer();
    try {
      const { status, stdout, stderr } = run(['--url', server.url], { AUTH_SECRET: testSecret });
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toContain('  100 %  10 of 10 files have ended, 1 of them failed.\n');
      expect(stdout).toContain('The Word document is cut off or damaged and cannot be opened.');
      expect(stdout).toMatch(/\nProcessed in [\d.]+ s\.\n$/);
    } finally {
      await server.stop();
    }
  }, 120_000);
});

describe('the demo says what to do', () => {
  it('when no server answers, when the token is not for it, and when it is asked for what it has not', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'quire-demo-'));
    const server = await startServer();
    try {
      const away = run(['--url', 'http://127.0.0.1:1'], { DATA_DIR: dataDir });
      expect(away.status).toBe(1);
      expect(away.stderr).toBe(
        'No server answers at http://127.0.0.1:1. Start one with npm start in another terminal, or name it by --url.\n',
      );
      const stranger = run(['--url', server.url], { DATA_DIR: dataDir });
      expect(stranger).toMatchObject({ status: 1 });
      expect(stranger.stderr).toContain(
        'give this command the AUTH_SECRET, or the DATA_DIR, that the server has.',
      );
      const lost = run(['--colour'], { DATA_DIR: dataDir });
      expect(lost).toMatchObject({ status: 2 });
      expect(lost.stderr).toContain('Try: npm run demo:processing -- --help');
    } finally {
      await server.stop();
      rmSync(dataDir, { recursive: true });
    }
  }, 120_000);
});
