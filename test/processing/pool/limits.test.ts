import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/platform/clock.ts';
import { CANCEL_GRACE_MS } from '../../../src/processing/pool/job-worker.ts';
import type { TextStep } from '../../../src/processing/pool/text-steps.ts';
import { runs } from '../../support/processes.ts';
import { quiet } from '../work.ts';
import { eventually, expectGone, expectWell, openPool, unfinished } from './pools.ts';
import { begun, deafening, inChunks, never, tenMillion } from './tasks.ts';

/** Milliseconds between two looks at a worker's memory. */
const LOOK_MS = 200;

describe('a step that is stopped', () => {
  it('before it begins does nothing to the worker', async () => {
    const { worker, pid } = openPool();
    const held = await worker();
    const first = pid();
    const { work, stop } = begun();
    stop(new Error('too late'));
    await expect(held.extract(inChunks(Buffer.from('text')), tenMillion, work)).rejects.toThrow('too late');
    await expect(held.load('text', work.signal)).rejects.toThrow('too late');
    await expectWell(held);
    expect(pid()).toBe(first);
  });

  it('while it works rejects at once, and the worker goes on with the next when it has heard', async () => {
    const { pool, worker, pid } = openPool();
    const held = await worker();
    const first = pid();
    // to its end it would take a minute and more
    await held.load('東京湾の港は漁船のために作られた。'.repeat(800_000), never());
    const { work, started, stop } = begun();
    const analyzing = held.run('ANALYZE', work);
    await started;
    stop(new Error('cancelled'));
    await expect(analyzing).rejects.toThrow('cancelled');
    expect(await held.run('DETECT_LANGUAGE', quiet())).toMatchObject({ code: 'ja' });
    held.release();
    await expectWell(await worker());
    // the clock stands still, so that nothing but the answer can have freed it
    expect(pid()).toBe(first);
    expect(pool.state()).toMatchObject({ ended: 0, trouble: null });
  });

  it('while its file is read rejects at once, and lets the file go', async () => {
    const { worker, pid } = openPool();
    const held = await worker();
    const first = pid();
    const { work, stop } = begun();
    let released = false;
    async function* endless() {
      try {
        for (let chunk = 0; ; chunk += 1) {
          if (chunk === 3) stop(new Error('cancelled'));
          yield new Uint8Array(1_000);
        }
      } finally {
        released = true;
      }
    }
    await expect(held.extract(endless(), tenMillion, work)).rejects.toThrow('cancelled');
    await expectWell(held);
    expect(released).toBe(true);
    expect(pid()).toBe(first);
  });

  it('after it has ended is not stopped', async () => {
    const { worker, pid } = openPool();
    const held = await worker();
    const first = pid();
    const { work, stop } = begun();
    const { text } = await held.extract(inChunks(Buffer.from('text')), tenMillion, work);
    stop();
    expect(text).toBe('text');
    await expectWell(held);
    expect(pid()).toBe(first);
  });

  it('and cannot hear is killed after its grace, and nobody gets its worker before', async () => {
    const { pool, worker, pid, advance } = openPool();
    const held = await worker();
    const first = pid();
    const { work, started, stop } = begun();
    const extracting = held.extract(deafening(), tenMillion, work);
    await started;
    stop(new Error('cancelled'));
    await expect(extracting).rejects.toThrow('cancelled');
    held.release();
    const next = worker();
    await setImmediate();
    advance(CANCEL_GRACE_MS - 1);
    expect(pool.state()).toMatchObject({ running: 1, busy: 1, waiting: 1 });
    expect(runs(first)).toBe(true);
    advance(1);
    await expectGone(first);
    await expectWell(await next);
    // it was asked to: nothing is wrong
    expect(pool.state()).toMatchObject({ running: 1, ended: 0, trouble: null });
  });

  it('by giving its worker back ends the worker', async () => {
    const { worker, pid } = openPool();
    const held = await worker();
    const first = pid();
    const { work, started } = begun();
    const extracting = held.extract(deafening(), tenMillion, work);
    await started;
    held.release();
    held.release();
    await expect(extracting).rejects.toThrow(unfinished('LOST', /given back/, true));
    await expectGone(first);
    await expectWell(await worker());
  });
});

describe('a step that takes too long', () => {
  it('is ended, and the next task works', async () => {
    const { pool, worker, pid, advance } = openPool();
    const held = await worker();
    const first = pid();
    const { work, started } = begun();
    const extracting = held.extract(deafening(), tenMillion, work);
    await started;
    advance(29_999);
    expect(runs(first)).toBe(true);
    advance(1);
    await expect(extracting).rejects.toThrow(
      unfinished('TIMED_OUT', /^The step took longer than 30 s and was ended\.$/, false),
    );
    await expect(held.load('text', never())).rejects.toThrow(unfinished('TIMED_OUT', /30 s/, false));
    held.release();
    await expectWell(await worker());
    expect(pool.state()).toMatchObject({ running: 1, ended: 0, trouble: null });
  });

  it('has a time of its own: neither the steps before it nor the reading of its file count', async () => {
    const { worker, advance } = openPool();
    const held = await worker();
    async function* slow() {
      advance(60_000);
      yield Buffer.from('read for a minute');
      advance(60_000);
    }
    expect(await held.extract(slow(), tenMillion, quiet())).toMatchObject({ text: 'read for a minute' });
    await held.load('text', never());
    advance(60_000);
    await held.run('ANALYZE', quiet());
    advance(20_000);
    await held.run('ANALYZE', quiet());
    advance(20_000);
    await expectWell(held);
  });
});

describe.runIf(process.platform === 'linux')('a step that takes too much memory', () => {
  it('outside of the heap is ended by the pool, and the next task works', async () => {
    const { pool, worker, advance } = openPool({ memoryMb: 256 });
    const held = await worker();
    let sent = 0;
    async function* flood() {
      for (; sent < 1_000; sent += 1) {
        yield Buffer.alloc(1_000_000, 1);
        advance(LOOK_MS);
      }
    }
    await expect(held.extract(flood(), tenMillion, quiet())).rejects.toThrow(
      unfinished('OUT_OF_MEMORY', /^The step needed more than 256 MB of memory and was ended\.$/, false),
    );
    expect(sent).toBeLessThan(300);
    held.release();
    await expectWell(await worker());
    expect(pool.state()).toMatchObject({ running: 1, ended: 0, trouble: null });
  }, 120_000);

  it('in the heap is ended by V8, if nothing else, and the next task works', async () => {
    // the clock stands still, so the pool does not look
    const { pool, worker, logged } = openPool({ memoryMb: 256 });
    const held = await worker();
    const file = inChunks(Buffer.from(`<html><body>${'<p>x</p>'.repeat(1_000_000)}`));
    await expect(held.extract(file, tenMillion, quiet())).rejects.toThrow(
      unfinished('OUT_OF_MEMORY', /256 MB/, false),
    );
    expect(logged()).toContain('heap out of memory');
    held.release();
    await expectWell(await worker());
    expect(pool.state()).toMatchObject({ running: 1, ended: 0, trouble: null });
  }, 120_000);

  it('is ended while the clock runs, too', async () => {
    const { worker } = openPool({ clock: systemClock });
    const held = await worker();
    const file = inChunks(Buffer.from(`<html><body>${'<p>x</p>'.repeat(2_000_000)}`));
    await expect(held.extract(file, tenMillion, quiet())).rejects.toThrow(
      unfinished('OUT_OF_MEMORY', /512 MB/, false),
    );
    held.release();
    await expectWell(await worker());
  }, 120_000);
});

describe('a step that crashes', () => {
  it('fails with a message that says nothing of the inside, which the log says', async () => {
    const { pool, worker, pid, logged } = openPool();
    const held = await worker();
    const first = pid();
    await held.load('text', never());
    await expect(held.run('NO_STEP' as TextStep, quiet())).rejects.toThrow(
      unfinished('CRASHED', /^The step failed because of a defect of the server\.$/, true),
    );
    expect(logged()).toMatch(/TEXT_STEPS.*worker-main/);
    await expectWell(held);
    held.release();
    // what it has left behind in its process is not known
    await expectWell(await worker());
    expect(pid()).not.toBe(first);
    expect(pool.state()).toMatchObject({ running: 1, ended: 0, trouble: null });
  });
});

describe('a worker', () => {
  it('does not end by Ctrl-C, which goes to its parent, too', async () => {
    const { worker, pid } = openPool();
    const held = await worker();
    process.kill(pid(), 'SIGINT');
    await expectWell(held);
    expect(runs(pid())).toBe(true);
  });

  it.runIf(process.platform === 'linux')('knows no secret, and yields to the server', async () => {
    process.env['AUTH_SECRET'] = 'known to the server alone';
    process.env['DATABASE_URL'] = 'postgres://quire:word@localhost/quire';
    const { worker, pid } = openPool();
    await worker();
    delete process.env['AUTH_SECRET'];
    delete process.env['DATABASE_URL'];
    const of = (file: string): string => readFileSync(`/proc/${pid()}/${file}`, 'latin1');
    const names = of('environ')
      .split('\0')
      .map((line) => line.split('=')[0]);
    expect(names).toContain('NODE_CHANNEL_FD');
    const known = [
      'NODE_CHANNEL_FD',
      'NODE_CHANNEL_SERIALIZATION_MODE',
      'LD_LIBRARY_PATH',
      'TMPDIR',
      'TEMP',
      'TMP',
      '',
    ];
    expect(names.filter((name) => !known.includes(name ?? ''))).toEqual([]);
    // its niceness, the nineteenth field
    expect(of('stat').split(') ')[1]?.split(' ')[16]).toBe('10');
    await eventually(() => of('oom_score_adj').trim()).toBe('1000');
  });
});
