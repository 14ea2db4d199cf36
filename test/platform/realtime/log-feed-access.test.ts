import { describe, expect, it } from 'vitest';
import { SAFETY_POLL_MS } from '../../../src/platform/realtime/log-stream.ts';
import { expectNothingLeft, join, plain, worldWith } from './feed-joining.ts';
import { Refused } from './feed-world.ts';
import { range, settled } from './log-source.ts';
import { createSink } from './sinks.ts';

describe('log feed: access', () => {
  it('[P7] gives nothing that was committed after a revocation, although nobody was told of it', async () => {
    const world = worldWith(2);
    const audience = plain();
    const revoked = join(world, { viewer: 'bob', audience });
    const other = join(world, { viewer: 'ada', audience });
    await settled();
    world.revoke('bob');
    world.source.hint(world.commit(2));
    await settled();
    expect(revoked.sink.got).toEqual([1, 2]);
    expect(revoked.sink.ends).toEqual([expect.any(Refused)]);
    expect(other.sink.got).toEqual([1, 2, 3, 4]);
    other.stop();
    await expectNothingLeft(world);
  });

  it('[P7] gives nothing of it to one who catches up, either', async () => {
    const world = worldWith(4);
    const { sink } = join(world, { viewer: 'bob', sink: createSink<number>(2) });
    await settled();
    world.revoke('bob');
    world.commit(3);
    sink.makeRoom();
    await settled();
    expect(sink.got).toEqual([1, 2, 3, 4]);
    world.clock.advance(SAFETY_POLL_MS);
    await settled();
    expect(sink.got).toEqual([1, 2, 3, 4]);
    expect(sink.ends).toEqual([expect.any(Refused)]);
    await expectNothingLeft(world);
  });

  it('[P7] asks again for one whose check was answered with an older epoch than the others have', async () => {
    const world = worldWith(2, { holdChecks: true });
    const early = join(world, { viewer: 'ada' });
    for (let turn = 0; turn < 5; turn += 1) {
      for (const held of world.checks.splice(0)) held.finish();
      await settled();
    }
    const late = join(world, { viewer: 'bob' });
    await settled();
    // What is answered to the one who comes is from before the revocation.
    const [before] = world.checks.splice(0);
    world.revoke('bob');
    world.source.hint(world.commit());
    await settled();
    for (const held of world.checks.splice(0)) held.finish();
    await settled();
    before?.finish();
    await settled();
    for (const held of world.checks.splice(0)) held.finish();
    await settled();
    expect(late.sink.got).toEqual([]);
    expect(late.sink.ends).toEqual([expect.any(Refused)]);
    expect(early.sink.got).toEqual([1, 2, 3]);
    early.stop();
    await expectNothingLeft(world);
  });

  it('[P7] ends the revoked as soon as it is told to look, and in time without', async () => {
    const world = worldWith(1);
    const one = join(world, { viewer: 'bob' });
    const two = join(world, { viewer: 'cem' });
    const three = join(world, { viewer: 'ada' });
    await settled();
    world.revoke('bob');
    world.feed().recheck();
    await settled();
    expect([one, two, three].map(({ sink }) => sink.ends.length)).toEqual([1, 0, 0]);
    world.revoke('cem');
    world.clock.advance(SAFETY_POLL_MS);
    await settled();
    expect([one, two, three].map(({ sink }) => sink.ends.length)).toEqual([1, 1, 0]);
    three.stop();
    await expectNothingLeft(world);
  });
});

describe('log feed: failures', () => {
  it('a check of those who come that fails ends them, and nobody else', async () => {
    const world = worldWith(1, { holdChecks: true });
    const here = join(world);
    for (let turn = 0; turn < 5; turn += 1) {
      for (const held of world.checks.splice(0)) held.finish();
      await settled();
    }
    const come = [join(world), join(world), join(world)];
    // The first is asked for at once, and the others together behind it.
    for (let turn = 0; turn < 2; turn += 1) {
      await settled();
      expect(world.checks).toHaveLength(1);
      for (const held of world.checks.splice(0)) held.fail(new Error('disk'));
    }
    await settled();
    for (const { sink } of come) expect(sink.ends).toEqual([new Error('disk')]);
    expect(here.sink.ends).toEqual([]);
    here.stop();
    await expectNothingLeft(world);
  });

  it('a check of everybody that fails ends everybody with its error, and the feed', async () => {
    const world = worldWith(1, { holdChecks: true });
    const all = [join(world), join(world)];
    for (let turn = 0; turn < 5; turn += 1) {
      for (const held of world.checks.splice(0)) held.finish();
      await settled();
    }
    world.feed().recheck();
    await settled();
    for (const held of world.checks.splice(0)) held.fail(new Error('disk'));
    await settled();
    for (const { sink } of all) expect(sink.ends).toEqual([new Error('disk')]);
    await expectNothingLeft(world);
  });

  it('an event that the log lacks ends one who needs it with an error, and not in silence', async () => {
    const world = worldWith(5);
    const sink = createSink<number>(1);
    const { stop } = join(world, { sink });
    const other = join(world, { after: 5 });
    await settled();
    expect(sink.got).toEqual([1]);
    for (const n of range(2, 5)) world.lose(n);
    sink.makeRoom();
    await settled();
    expect(sink.got).toEqual([1]);
    expect(sink.ends).toEqual([expect.any(Error)]);
    stop();
    other.stop();
    await expectNothingLeft(world);
  });
});
