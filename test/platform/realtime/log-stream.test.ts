import { describe, expect, it } from 'vitest';
import {
  MAX_PENDING_CHARS,
  MAX_PENDING_EVENTS,
  PAGE_SIZE,
  POLL_MS,
  SAFETY_POLL_MS,
} from '../../../src/platform/realtime/log-stream.ts';
import { createLogSource, range, settled, take } from './log-source.ts';

const DONE = { done: true, value: undefined };

describe('log stream', () => {
  it('[P4] reads what is there, in pages, then goes on live', async () => {
    const source = createLogSource();
    source.append(2 * PAGE_SIZE + 3);
    const stream = source.open({ after: 2 });
    expect(await take(stream, 2 * PAGE_SIZE + 1)).toEqual(range(3, 2 * PAGE_SIZE + 3));
    expect(source.limits).toEqual([50, 100, 200, 400, PAGE_SIZE]);
    const next = stream.next();
    source.hint(source.append());
    expect(await next).toEqual({ done: false, value: { n: 2 * PAGE_SIZE + 4 } });
    expect(source.readCount).toBe(5);
    expect(stream.cursor).toBe(2 * PAGE_SIZE + 4);
  });

  it('[P6] reads pages of fewer events where events are large', async () => {
    const source = createLogSource();
    source.append(200, 'x'.repeat(MAX_PENDING_CHARS / 10));
    const stream = source.open({ charsOf: ({ text = '' }) => text.length });
    expect(await take(stream, 200)).toEqual(range(1, 200));
    expect(source.limits).toEqual([50, ...Array.from({ length: 15 }, () => 10)]);
  });

  it('listens with the first next() and not before, and reads when listening is settled', async () => {
    const source = createLogSource();
    source.append();
    const stream = source.open();
    expect(source.listeners.size).toBe(0);
    source.hearing = 'hold';
    const next = stream.next();
    await settled();
    expect(source.listeners.size).toBe(1);
    expect(source.readCount).toBe(0);
    stream.end();
    expect(await next).toEqual(DONE);
    expect(source.listeners.size).toBe(0);
  });

  it('hands a live event to a waiting consumer without waiting', async () => {
    const source = createLogSource();
    const stream = source.open();
    let got: unknown;
    const next = stream.next().then((result) => (got = result.value));
    await settled();
    source.hint(source.append());
    await Promise.resolve(); // the promise of next() itself
    expect(got).toEqual({ n: 1 });
    await next;
  });

  it('[P4] a lost announcement is filled from the log', async () => {
    const source = createLogSource();
    const stream = source.open();
    const all = take(stream, 4);
    await settled();
    source.hint(source.append());
    source.append();
    source.hint(source.append(2));
    expect(await all).toEqual([1, 2, 3, 4]);
  });

  it('[P4] announcements that are doubled, reordered or late change nothing', async () => {
    const source = createLogSource();
    const stream = source.open();
    const all = take(stream, 5);
    await settled();
    const [one, two, three, four] = source.append(4);
    if (!one || !two || !three || !four) throw new Error('unreachable');
    source.hint([two]);
    source.hint([one]);
    source.hint([one, two]);
    source.hint([four]);
    await settled();
    source.hint([three]);
    source.hint([three, four]);
    source.hint(source.append());
    expect(await all).toEqual([1, 2, 3, 4, 5]);
  });

  it('what was delivered already costs no read when it is announced again', async () => {
    const source = createLogSource();
    const stream = source.open();
    const all = take(stream, 3);
    await settled();
    const one = source.append();
    source.hint(one);
    await settled();
    const two = source.append();
    source.hint([...one, ...two]);
    await settled();
    source.hint([...two, ...source.append()]);
    expect(await all).toEqual([1, 2, 3]);
    expect(source.readCount).toBe(1);
  });

  it('[P4] an older hint does not hide a newer one', async () => {
    const source = createLogSource();
    const stream = source.open();
    const first = take(stream, 1);
    await settled();
    source.hint(source.append());
    await first;
    const two = source.append();
    source.append(3);
    source.refer(5);
    source.hint(two);
    expect(await take(stream, 4)).toEqual([2, 3, 4, 5]);
  });

  it('a reference in place of events has the log read', async () => {
    const source = createLogSource();
    const stream = source.open();
    const all = take(stream, 3);
    await settled();
    source.append(3);
    source.refer();
    expect(await all).toEqual([1, 2, 3]);
  });

  it('[P4] a hint that comes during a read is neither lost nor doubled', async () => {
    const source = createLogSource({ holdReads: true });
    source.append(2);
    const stream = source.open();
    const all = take(stream, 5);
    await settled();
    source.hint(source.append()); // 3: after the read was asked, so not in it
    source.append(); // 4: its hint is lost
    source.reads.shift()?.finish();
    await settled();
    source.hint(source.append()); // 5
    await settled();
    source.reads.shift()?.finish();
    expect(await all).toEqual([1, 2, 3, 4, 5]);
  });

  it('[P4] polls the log while interrupted, at most every two seconds, and reads it on the return', async () => {
    const source = createLogSource();
    source.hearing = 'interrupted';
    const stream = source.open();
    const all = take(stream, 3);
    await settled();
    expect(source.readCount).toBe(1);
    source.append();
    source.clock.advance(POLL_MS - 1);
    await settled();
    expect(source.readCount).toBe(1);
    source.clock.advance(1);
    await settled();
    expect(source.readCount).toBe(2);
    source.clock.advance(POLL_MS);
    await settled();
    expect(source.readCount).toBe(3);
    source.append();
    source.revive();
    await settled();
    expect(source.readCount).toBe(4);
    source.interrupt();
    source.append();
    source.clock.advance(POLL_MS);
    expect(await all).toEqual([1, 2, 3]);
  });

  it('[P4] finds a last event whose announcement nobody made, though listening is live', async () => {
    const source = createLogSource();
    const stream = source.open();
    const next = take(stream, 1);
    await settled();
    source.append();
    source.clock.advance(SAFETY_POLL_MS);
    expect(await next).toEqual([1]);
  });

  it('news that come before ready is looked at are newer than it', async () => {
    const source = createLogSource();
    const stream = source.open();
    const next = take(stream, 1);
    source.interrupt(); // ready says "live", and its turn has not come yet
    await settled();
    source.append();
    source.clock.advance(POLL_MS);
    expect(await next).toEqual([1]);
  });

  it('does not spin when the log lacks what was announced, and looks again', async () => {
    const source = createLogSource();
    const stream = source.open();
    const next = take(stream, 2);
    await settled();
    source.refer(2);
    await settled();
    expect(source.readCount).toBe(2);
    source.append(2);
    source.clock.advance(POLL_MS);
    expect(await next).toEqual([1, 2]);
  });

  it('[P6] a slow consumer costs bounded memory and loses nothing', async () => {
    const source = createLogSource();
    const stream = source.open();
    const first = take(stream, 1);
    await settled();
    const total = 3 * MAX_PENDING_EVENTS + 7;
    for (let n = 0; n < total; n += 1) source.hint(source.append());
    expect(await first).toEqual([1]);
    expect(await take(stream, total - 1)).toEqual(range(2, total));
    expect(source.readCount).toBeGreaterThan(1);
  });

  it('[P6] large events are dropped by size, and read again', async () => {
    const source = createLogSource();
    const stream = source.open({ charsOf: ({ text }) => text?.length ?? 0 });
    await Promise.all([take(stream, 1), settled().then(() => source.hint(source.append()))]);
    const reads = source.readCount;
    const text = 'x'.repeat(MAX_PENDING_CHARS / 4);
    for (let n = 0; n < 4; n += 1) source.hint(source.append(1, text));
    expect(await take(stream, 4)).toEqual(range(2, 5));
    expect(source.readCount).toBe(reads); // 4 fit
    for (let n = 0; n < 5; n += 1) source.hint(source.append(1, text));
    expect(await take(stream, 5)).toEqual(range(6, 10));
    expect(source.readCount).toBe(reads + 1); // 5 do not
  });

  it('delivers nothing after the end, though a read or an admission was under way', async () => {
    const source = createLogSource({ holdReads: true });
    source.append(3);
    const stream = source.open();
    const next = stream.next();
    await settled();
    await stream.return?.();
    source.reads.shift()?.finish();
    expect(await next).toEqual(DONE);
    expect(await stream.next()).toEqual(DONE);

    let admit: () => void = () => {};
    const slow = source.open({ admit: () => new Promise((resolve) => (admit = resolve)) });
    const admitted = slow.next();
    await settled();
    source.reads.shift()?.finish();
    await settled();
    slow.end();
    admit();
    expect(await admitted).toEqual(DONE);
    expect(slow.cursor).toBe(0);
    expect(source.listeners.size).toBe(0);
    expect(source.clock.pending).toBe(0);
  });

  it('a failed read rejects next() and ends the stream', async () => {
    const source = createLogSource({ holdReads: true });
    const stream = source.open();
    const next = stream.next();
    await settled();
    source.reads.shift()?.fail(new Error('no database'));
    await expect(next).rejects.toThrow('no database');
    expect(await stream.next()).toEqual(DONE);
    expect(source.listeners.size).toBe(0);
    expect(source.clock.pending).toBe(0);
  });

  it('leaves neither listener nor timer behind', async () => {
    const source = createLogSource();
    source.hearing = 'interrupted';
    const stream = source.open();
    const next = stream.next();
    await settled();
    expect([source.listeners.size, source.clock.pending]).toEqual([1, 1]);
    await stream.return?.();
    expect(await next).toEqual(DONE);
    expect([source.listeners.size, source.clock.pending]).toEqual([0, 0]);
  });

  describe('admit', () => {
    const revoked = new Error('FORBIDDEN');

    it.each(['at once', 'later'])('[P7] an event that is refused %s is not delivered', async (when) => {
      const source = createLogSource();
      const seen: (number | undefined)[] = [];
      const stream = source.open({
        admit(newest) {
          seen.push(newest?.n);
          if (newest?.n !== 3) return when === 'later' ? Promise.resolve() : undefined;
          if (when === 'later') return Promise.reject(revoked);
          throw revoked;
        },
      });
      source.append(2);
      expect(await take(stream, 2)).toEqual([1, 2]);
      const next = stream.next();
      await settled();
      source.hint(source.append());
      await expect(next).rejects.toBe(revoked);
      expect(await stream.next()).toEqual(DONE);
      expect(seen).toEqual([1, 2, 3]);
      expect(source.listeners.size).toBe(0);
    });

    it('[P7] recheck ends a stream that is waiting', async () => {
      const source = createLogSource();
      let allowed = true;
      const stream = source.open({
        admit() {
          if (!allowed) throw revoked;
        },
      });
      const next = stream.next();
      await settled();
      stream.recheck();
      await settled();
      allowed = false;
      stream.recheck();
      await expect(next).rejects.toBe(revoked);
      expect(source.listeners.size).toBe(0);
    });

    it('[P7] recheck is asked before anything that is kept for a slow consumer', async () => {
      const source = createLogSource();
      let allowed = true;
      const stream = source.open({
        admit(newest) {
          if (newest === null && !allowed) throw revoked;
        },
      });
      source.append(10);
      expect(await take(stream, 1)).toEqual([1]);
      allowed = false;
      stream.recheck();
      await expect(stream.next()).rejects.toBe(revoked);
    });

    it('[P7] is asked at each poll while interrupted', async () => {
      const source = createLogSource();
      source.hearing = 'interrupted';
      let allowed = true;
      const stream = source.open({
        admit() {
          if (!allowed) throw revoked;
        },
      });
      const next = stream.next();
      await settled();
      source.clock.advance(POLL_MS);
      await settled();
      allowed = false;
      source.clock.advance(POLL_MS);
      await expect(next).rejects.toBe(revoked);
    });
  });
});
