import { describe, expect, it } from 'vitest';
import type { JobWorker } from '../../../src/processing/pool/job-worker.ts';
import { IDLE_MS, MAX_JOBS, MAX_WAITING } from '../../../src/processing/pool/worker-pool.ts';
import { proseOf } from '../formats/prose.ts';
import { quiet } from '../work.ts';
import { eventually, expectGone, expectWell, openPool, unfinished } from './pools.ts';
import { begun, deafening, inChunks, never, tenMillion } from './tasks.ts';

const REFUSED = expect.objectContaining({ name: 'QuireError', code: 'UNAVAILABLE' }) as Error;

describe('a pool', () => {
  it('starts no worker before it is needed, and no more than it may', async () => {
    const { pool, worker } = openPool({ size: 2 });
    expect(pool.state()).toEqual({
      size: 2,
      running: 0,
      busy: 0,
      waiting: 0,
      ended: 0,
      pids: [],
      trouble: null,
    });
    const first = await worker();
    expect(pool.state()).toMatchObject({ running: 1, busy: 1 });
    const second = await worker();
    const third = worker();
    expect(pool.state()).toMatchObject({ running: 2, busy: 2, waiting: 1 });
    second.release();
    await expectWell(await third);
    first.release();
    expect(pool.state()).toMatchObject({ running: 2, waiting: 0 });
  });

  it('works on two files at once', async () => {
    const { worker } = openPool({ size: 2 });
    const [long, short] = await Promise.all([worker(), worker()]);
    const { work, started, stop } = begun();
    const extracting = long.extract(deafening(), tenMillion, work);
    await started;
    await short.load(proseOf('de'), never());
    expect(await short.run('DETECT_LANGUAGE', quiet())).toMatchObject({ code: 'de' });
    stop(new Error('enough'));
    await expect(extracting).rejects.toThrow('enough');
  });

  it('serves the highest priority first, then the order of asking', async () => {
    const { worker } = openPool();
    const order: string[] = [];
    const first = await worker();
    const job = async (name: string, priority: number): Promise<void> => {
      const held = await worker(priority);
      order.push(name);
      held.release();
    };
    const jobs = [job('low', 0), job('high', 9), job('high again', 9), job('middle', 5), job('low again', 0)];
    first.release();
    await Promise.all(jobs);
    expect(order).toEqual(['high', 'high again', 'middle', 'low', 'low again']);
  });

  it('lets a job stop waiting, and keeps the place of the others', async () => {
    const { pool, worker } = openPool();
    const first = await worker();
    const controller = new AbortController();
    const impatient = pool.acquire({ priority: 9, signal: controller.signal });
    const patient = worker(1);
    controller.abort(new Error('cancelled'));
    await expect(impatient).rejects.toThrow('cancelled');
    expect(pool.state().waiting).toBe(1);
    first.release();
    await expectWell(await patient);
    await expect(pool.acquire({ priority: 9, signal: controller.signal })).rejects.toThrow('cancelled');
    expect(pool.state().waiting).toBe(0);
  });

  it('refuses more jobs than may wait', async () => {
    const { pool, worker } = openPool();
    const first = await worker();
    const waiting = Array.from({ length: MAX_WAITING }, () => worker());
    await expect(worker()).rejects.toThrow(REFUSED);
    const ended = Promise.allSettled(waiting);
    await pool.close();
    first.release();
    expect((await ended).every(({ status }) => status === 'rejected')).toBe(true);
  });

  it('uses a worker again, and replaces it after its share of jobs', async () => {
    const { pool, worker, pid } = openPool();
    let held: JobWorker = await worker();
    const first = pid();
    for (let jobs = 1; jobs < MAX_JOBS; jobs += 1) {
      held.release();
      held = await worker();
    }
    expect(pool.state().pids).toEqual([first]);
    await expectWell(held);
    held.release();
    held = await worker();
    expect(pid()).not.toBe(first);
    await expectWell(held);
    expect(pool.state()).toMatchObject({ running: 1, ended: 0, trouble: null });
  });

  it('replaces a worker whose last job has left much in memory', async () => {
    const { worker, pid } = openPool({ memoryMb: 512 });
    const held = await worker();
    const first = pid();
    const large = inChunks(Buffer.alloc(90_000_000, 'word and more '), 1_000_000);
    await expect(held.extract(large, { maxUnits: 1 }, quiet())).rejects.toThrow(/at most 1 /);
    held.release();
    await expectWell(await worker());
    expect(pid()).not.toBe(first);
  });

  it('ends a worker that nobody needs any more', async () => {
    const { pool, worker, pid, advance } = openPool();
    const held = await worker();
    const first = pid();
    held.release();
    await eventually(() => pool.state().busy).toBe(0);
    advance(IDLE_MS - 1);
    const again = await worker();
    expect(pid()).toBe(first);
    advance(IDLE_MS);
    await expectWell(again);
    again.release();
    await eventually(() => pool.state().busy).toBe(0);
    advance(IDLE_MS);
    await expectGone(first);
    await eventually(() => pool.state()).toMatchObject({ running: 0, ended: 0, trouble: null });
    await expectWell(await worker());
  });
});

describe('a pool that is closed', () => {
  it('has ended every worker: working, idle and starting ones', async () => {
    const { pool, worker } = openPool({ size: 3 });
    const [working, idle] = await Promise.all([worker(), worker()]);
    const { work, started } = begun();
    const extracting = working.extract(deafening(), tenMillion, work);
    const lost = expect(extracting).rejects.toThrow(unfinished('LOST', /server stops/, true));
    await started;
    const third = worker();
    const refused = expect(Promise.all([third, worker()])).rejects.toThrow(REFUSED);
    idle.release();
    const { pids } = pool.state();
    expect(pids).toHaveLength(3);
    await Promise.all([pool.close(), pool.close()]);
    expect(pool.state()).toMatchObject({ running: 0, busy: 0, waiting: 0, ended: 0, trouble: null });
    await lost;
    await refused;
    for (const pid of pids) await expectGone(pid);
    await expect(worker()).rejects.toThrow(REFUSED);
  });

  it('needs no worker to be closed', async () => {
    const { pool } = openPool();
    await pool.close();
    expect(pool.state().running).toBe(0);
  });
});
