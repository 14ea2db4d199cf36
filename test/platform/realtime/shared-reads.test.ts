import { describe, expect, it } from 'vitest';
import { createSharedReads } from '../../../src/platform/realtime/shared-reads.ts';

/** Readings that the test brings to their end. */
function createReader() {
  const readings: { readonly key: string; end(value: string): void; fail(error: Error): void }[] = [];
  const read = createSharedReads(
    (key: string) => key,
    (key) =>
      new Promise<string>((end, fail) => {
        readings.push({ key, end, fail });
      }),
  );
  return { read, readings, keys: () => readings.map(({ key }) => key) };
}

const begun = (keys: () => string[], count: number) => expect.poll(() => keys().length).toBe(count);

describe('shared reads', () => {
  it('read once for all who ask in one turn, and not before the last of them has asked', async () => {
    const { read, readings, keys } = createReader();
    const first = read('a');
    await Promise.resolve();
    const second = read('a');
    expect(keys()).toEqual([]);
    await begun(keys, 1);
    readings[0]?.end('value');
    expect(await Promise.all([first, second])).toEqual(['value', 'value']);
    expect(keys()).toEqual(['a']);
  });

  it('read anew for who asks when a reading has begun, because it may be of before', async () => {
    const { read, readings, keys } = createReader();
    const before = read('a');
    await begun(keys, 1);
    const after = read('a');
    await begun(keys, 2);
    readings[1]?.end('new');
    readings[0]?.end('old');
    expect([await before, await after]).toEqual(['old', 'new']);
  });

  it('keep what is called otherwise apart', async () => {
    const { read, readings, keys } = createReader();
    const both = Promise.all([read('a'), read('b')]);
    await begun(keys, 2);
    for (const reading of readings) reading.end(`of ${reading.key}`);
    expect(await both).toEqual(['of a', 'of b']);
  });

  it('fail for all who share one, and not for who asks next', async () => {
    const { read, readings, keys } = createReader();
    const failing = Promise.allSettled([read('a'), read('a')]);
    await begun(keys, 1);
    readings[0]?.fail(new Error('on purpose'));
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = read('a');
    await begun(keys, 2);
    readings[1]?.end('value');
    expect(await next).toBe('value');
  });
});
