import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runs } from '../../support/processes.ts';
import { proseOf } from '../formats/prose.ts';
import { eventually, expectGone, expectWell, openPool, unfinished } from './pools.ts';
import { begun, deafening, never, tenMillion } from './tasks.ts';

/** What a pool says about its health, each time that this has changed. */
function troublesOf({ pool }: ReturnType<typeof openPool>) {
  const troubles: (string | null)[] = [];
  const stop = pool.onChange(() => troubles.push(pool.state().trouble));
  return { troubles, stop };
}

const KILLED = 'A worker was ended by SIGKILL; its successor is starting.';

describe('a worker that is killed from outside', () => {
  it('in the middle of a step loses the step, is named, and has a successor at once', async () => {
    const opened = openPool();
    const { pool, worker, pid } = opened;
    const { troubles } = troublesOf(opened);
    const held = await worker();
    const first = pid();
    const { work, started } = begun();
    const extracting = held.extract(deafening(), tenMillion, work);
    await started;
    process.kill(first, 'SIGKILL');
    await expect(extracting).rejects.toThrow(unfinished('LOST', /ended before it had finished/, true));
    expect(pool.state()).toMatchObject({ running: 1, busy: 0, ended: 1, trouble: KILLED });
    held.release();
    await expectWell(await worker());
    expect(pid()).not.toBe(first);
    expect(pool.state().trouble).toBeNull();
    expect(troubles).toEqual([KILLED, null]);
  });

  it('while its text is loaded loses the step', async () => {
    const { worker, pid } = openPool();
    const held = await worker();
    // it stops reading, so that the text is still on its way
    process.kill(pid(), 'SIGSTOP');
    const loading = held.load(proseOf('en').repeat(5_000), never());
    process.kill(pid(), 'SIGKILL');
    await expect(loading).rejects.toThrow(unfinished('LOST', /./, true));
    await expect(held.load('text', never())).rejects.toThrow(unfinished('LOST', /./, true));
    held.release();
    await expectWell(await worker());
  });

  it('while it rests is named, too', async () => {
    const opened = openPool({ size: 2 });
    const { pool, worker, pid } = opened;
    const { troubles, stop } = troublesOf(opened);
    (await worker()).release();
    await eventually(() => pool.state().busy).toBe(0);
    process.kill(pid(), 'SIGKILL');
    await eventually(() => troubles).toEqual([KILLED, null]);
    expect(pool.state()).toMatchObject({ running: 1, ended: 1 });
    stop();
    process.kill(pid(), 'SIGKILL');
    await eventually(() => pool.state()).toMatchObject({ ended: 2, trouble: null });
    expect(troubles).toHaveLength(2);
    await expectWell(await worker());
  });

  it('does not disturb what the others do', async () => {
    const { pool, worker } = openPool({ size: 2 });
    const doomed = await worker();
    const [first = 0] = pool.state().pids;
    const other = await worker();
    await other.load(proseOf('fr').repeat(2_000), never());
    const { work, started } = begun();
    const analyzing = other.run('ANALYZE', work);
    await started;
    process.kill(first, 'SIGKILL');
    expect(await analyzing).toMatchObject({ characters: proseOf('fr').length * 2_000 });
    doomed.release();
  });
});

describe('workers that cannot start', () => {
  it('are named, and tried again until they can; who waits goes on waiting', async () => {
    const node = process.execPath;
    onTestFinished(() => {
      process.execPath = node;
    });
    const opened = openPool();
    const { pool, worker, advance } = opened;
    const { troubles } = troublesOf(opened);
    process.execPath = '/nowhere/node';
    const waiting = worker();
    // the first two starts that fail are tried again without a word
    for (const wait of [250, 500]) {
      await eventually(() => pool.state().running).toBe(0);
      expect(pool.state().trouble).toBeNull();
      advance(wait - 1);
      expect(pool.state().running).toBe(0);
      advance(1);
      expect(pool.state().running).toBe(1);
    }
    const said = 'Workers cannot start: the last one could not be started.';
    await eventually(() => troubles).toEqual([said]);
    process.execPath = node;
    expect(pool.state()).toMatchObject({ running: 0, waiting: 1, ended: 0 });
    advance(1_000);
    await expectWell(await waiting);
    expect(pool.state().trouble).toBeNull();
    expect(troubles).toEqual([said, null]);
  });

  it('are tried again when nobody waits, so that their recovery is seen', async () => {
    const node = process.execPath;
    onTestFinished(() => {
      process.execPath = node;
    });
    const { pool, worker, pid, advance } = openPool();
    (await worker()).release();
    process.execPath = '/nowhere/node';
    process.kill(pid(), 'SIGKILL');
    await eventually(() => pool.state()).toMatchObject({ running: 0, trouble: KILLED });
    process.execPath = node;
    advance(250);
    await eventually(() => pool.state()).toMatchObject({ running: 1, trouble: null });
  });
});

describe('workers whose parent is killed', () => {
  for (const where of ['src', 'dist']) {
    it(`end, also in the middle of a computation (run from ${where})`, async () => {
      const pool = `../../../${where}/processing/pool/worker-pool.${where === 'src' ? 'ts' : 'js'}`;
      const script = fileURLToPath(new URL('parent.ts', import.meta.url));
      const parent = spawn(process.execPath, ['--import', 'tsx', script, pool], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void parent.kill('SIGKILL'));
      const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
      const pids = JSON.parse(line) as number[];
      expect(pids.map(runs)).toEqual([true, true]);
      parent.kill('SIGKILL');
      for (const pid of pids) await expectGone(pid);
    }, 60_000);
  }
});
