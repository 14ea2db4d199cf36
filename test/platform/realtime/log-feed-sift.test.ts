import { describe, expect, it } from 'vitest';
import { LOG_PAGE_EVENTS } from '../../../src/platform/realtime/log-pages.ts';
import { expectNothingLeft, join, plain, worldWith } from './feed-joining.ts';
import { range, settled } from './log-source.ts';
import { createSink } from './sinks.ts';

/** Ada's are the even ones, bob's the odd ones, and cem's none. */
const isFor = (n: number, viewer: string): boolean => viewer === ['ada', 'bob'][n % 2];
const even = (from: number, to: number): number[] => range(from, to).filter((n) => n % 2 === 0);
const odd = (from: number, to: number): number[] => range(from, to).filter((n) => n % 2 === 1);

describe('log feed: events that are for some only', () => {
  it('[P4] reach those, replayed and live, and nobody else', async () => {
    const world = worldWith(300, { isFor });
    const audience = plain();
    const [ada, bob, cem] = ['ada', 'bob', 'cem'].map((viewer) => join(world, { viewer, audience }));
    const late = join(world, { viewer: 'bob', after: 299 });
    await settled();
    world.source.hint(world.commit(10));
    await settled();
    expect(ada?.sink.got).toEqual(even(1, 310));
    expect(ada?.sink.cursors).toEqual(even(1, 310));
    expect(bob?.sink.got).toEqual(odd(1, 310));
    expect(cem?.sink.got).toEqual([]);
    expect(late.sink.got).toEqual(odd(300, 310));
    for (const one of [ada, bob, cem, late]) one?.stop();
    await expectNothingLeft(world);
  });

  it('are asked about once when live, whoever is here, and once a page for who catches up', async () => {
    const world = worldWith(2 * LOG_PAGE_EVENTS, { isFor });
    const live = range(1, 50).map(() => join(world, { after: world.head(), audience: plain() }));
    await settled();
    expect(world.sifted).toEqual([]);
    world.source.hint(world.commit(3));
    await settled();
    expect(world.sifted.splice(0)).toEqual([
      [1, null],
      [1, null],
      [1, null],
    ]);
    const late = join(world, { viewer: 'bob' });
    await settled();
    expect(world.sifted).toEqual([
      [LOG_PAGE_EVENTS, 'bob'],
      [LOG_PAGE_EVENTS, 'bob'],
      [3, 'bob'],
    ]);
    for (const { stop } of [...live, late]) stop();
    await expectNothingLeft(world);
  });

  it('[P7] go by how things stand when one catches up, though the page was read for somebody before', async () => {
    let left = false;
    const world = worldWith(20, { isFor: (_n, viewer) => !(left && viewer === 'bob') });
    const slow = join(world, { viewer: 'bob', sink: createSink<number>(5) });
    const other = join(world, { viewer: 'ada', sink: createSink<number>(5) });
    await settled();
    left = true;
    for (const { sink } of [slow, other]) sink.makeRoom();
    await settled();
    expect(slow.sink.got).toEqual(range(1, 5));
    expect(slow.sink.ends, 'the stream goes on').toEqual([]);
    expect(other.sink.got).toEqual(range(1, 20));
    left = false;
    world.source.hint(world.commit());
    await settled();
    expect(slow.sink.got).toEqual([...range(1, 5), 21]);
    for (const { stop } of [slow, other]) stop();
    await expectNothingLeft(world);
  });

  it('wait for their answer in order, and reach nobody who has gone meanwhile', async () => {
    const world = worldWith(2, { holdSifts: true, isFor: () => true });
    const [stays, goes] = [join(world, { after: 2 }), join(world, { after: 2 })];
    const late = join(world, { after: 0 });
    await settled();
    world.source.hint(world.commit(2));
    await settled();
    goes.stop();
    late.stop();
    for (let turn = 0; turn < 4; turn += 1) {
      for (const held of world.sifts.splice(0)) held.finish();
      await settled();
    }
    expect(stays.sink.got).toEqual([3, 4]);
    expect(goes.sink.got).toEqual([]);
    expect(late.sink.got).toEqual([]);
    stays.stop();
    await expectNothingLeft(world);
  });

  it('end one who catches up when it cannot be told for them, and everybody when it cannot for a live one', async () => {
    const world = worldWith(3, { holdSifts: true, isFor: () => true });
    const [here, late] = [join(world, { after: 3 }), join(world, { after: 0 })];
    await settled();
    for (const held of world.sifts.splice(0)) held.fail(new Error('disk'));
    await settled();
    expect(late.sink.ends).toEqual([new Error('disk')]);
    expect(here.sink.ends).toEqual([]);
    world.source.hint(world.commit());
    await settled();
    for (const held of world.sifts.splice(0)) held.fail(new Error('disk'));
    await settled();
    expect(here.sink.ends).toEqual([new Error('disk')]);
    await expectNothingLeft(world);
  });
});
