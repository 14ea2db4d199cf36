import { describe, expect, it } from 'vitest';
import { createSharedText } from '../../../src/sdk/text/shared-text.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { Random } from '../../support/random.ts';
import { cursorAt, scriptedLink } from '../../support/scripted-link.ts';

const SEEDS = 200;
const linus = { id: 'linus', name: 'Linus' };
const grace = { id: 'grace', name: 'Grace' };
const ada = { id: 'ada', name: 'Ada' };

async function open(server: ReturnType<typeof scriptedLink>) {
  const clock = createManualClock();
  let ids = 0;
  const newChangeId = () => `change-${(ids += 1)}`;
  return { text: await createSharedText(server.link, { clock, newChangeId }), clock };
}

describe("others' cursors", () => {
  it('tells who is where, without oneself and without those who are nowhere', async () => {
    const server = scriptedLink('0123456789');
    const { text } = await open(server);
    const told: number[] = [];
    text.cursors.subscribe((cursors) => told.push(cursors.length));
    server.people([
      { user: ada, cursor: cursorAt(1) },
      { user: linus, cursor: cursorAt(3, 7), typing: true, status: 'AWAY' },
      { user: grace },
    ]);
    await expect
      .poll(() => text.cursors.current)
      .toEqual([{ user: linus, position: 3, selectionEnd: 7, typing: true, status: 'AWAY' }]);
    server.people([{ user: ada }]);
    await expect.poll(() => text.cursors.current).toEqual([]);
    expect(told).toEqual([1, 0]);
    await text.close();
  });

  it('they stay before what others insert at their place, and go behind what their own person types', async () => {
    const server = scriptedLink('0123456789');
    const { text } = await open(server);
    server.people([
      { user: linus, cursor: cursorAt(5) },
      { user: grace, cursor: cursorAt(5, 8) },
    ]);
    await expect.poll(() => text.cursors.current.length).toBe(2);
    const places = () => text.cursors.current.map(({ position, selectionEnd }) => [position, selectionEnd]);
    server.remote({ position: 5, length: 0, content: 'XY' }, 'linus');
    await expect.poll(places).toEqual([
      [7, null],
      [5, 10],
    ]);
    text.edit({ position: 0, length: 0, content: '>' });
    expect(places()).toEqual([
      [8, null],
      [6, 11],
    ]);
    text.edit({ position: 4, length: 6, content: '' });
    expect(places()).toEqual([
      [4, null],
      [4, 5],
    ]);
    await text.close();
  });

  it('what the server tells is read as a place of its text, beside edits that it does not have', async () => {
    const server = scriptedLink('0123456789');
    server.hold(true);
    const { text } = await open(server);
    text.edit({ position: 0, length: 0, content: 'ab' });
    server.people([{ user: linus, cursor: cursorAt(5) }]);
    await expect.poll(() => text.cursors.current[0]?.position).toBe(7);
    // The same again is no news, though the server may not know yet what has moved it here.
    text.edit({ position: 0, length: 0, content: 'c' });
    server.people([{ user: linus, cursor: cursorAt(5), typing: true }]);
    await expect.poll(() => text.cursors.current[0]?.typing).toBe(true);
    expect(text.cursors.current[0]?.position).toBe(8);
    await text.close();
  });

  it('nobody is anywhere while one is offline', async () => {
    const server = scriptedLink('0123456789');
    const { text } = await open(server);
    server.people([{ user: linus, cursor: cursorAt(5) }]);
    await expect.poll(() => text.cursors.current.length).toBe(1);
    server.become('offline');
    expect(text.cursors.current).toEqual([]);
    await text.close();
  });

  it(`over ${SEEDS} seeds a cursor stays at its character, whoever edits`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const random = new Random(seed);
      const server = scriptedLink('a'.repeat(20));
      const { text } = await open(server);
      // It stands behind the mark, which nobody deletes, and before what comes at its place.
      text.edit({ position: 10, length: 0, content: '|' });
      await text.saved();
      server.people([{ user: linus, cursor: cursorAt(11) }]);
      await expect.poll(() => text.cursors.current.length, { interval: 1 }).toBe(1);
      for (let step = 0; step < 40; step += 1) {
        const isOwn = random.chance(0.5);
        const now = isOwn ? text.text : server.text();
        const position = random.between(0, now.length);
        const deletes = random.chance(0.4) && now[position] === 'a';
        const splice = { position, length: deletes ? 1 : 0, content: random.pick(['', 'a', 'aa']) };
        if (splice.length === 0 && splice.content === '') continue;
        if (isOwn) text.edit(splice);
        else server.remote(splice, 'grace');
        for (let turns = random.between(0, 6); turns > 0; turns -= 1) await Promise.resolve();
        expect(text.cursors.current[0]?.position, `seed ${seed}: ${text.text}`).toBe(
          text.text.indexOf('|') + 1,
        );
      }
      await text.close();
    }
  });
});

describe('one’s own presence', () => {
  it('the cursor is sent at most ten times a second, the newest wins, with its line and column', async () => {
    const server = scriptedLink('one\ntwo\r\nthree');
    const { text, clock } = await open(server);
    text.moveCursor(1);
    for (let step = 0; step < 50; step += 1) {
      text.moveCursor(step % 5);
      clock.advance(20);
      await Promise.resolve();
    }
    text.moveCursor(11, 6);
    clock.advance(100);
    await expect
      .poll(() => server.cursors.at(-1))
      .toEqual({ line: 3, column: 2, position: 11, selectionEnd: 6 });
    expect(server.cursors[0]).toEqual({ line: 1, column: 1, position: 1, selectionEnd: null });
    expect(server.cursors.length).toBeGreaterThan(8);
    expect(server.cursors.length).toBeLessThanOrEqual(12);
    await text.close();
  });

  it('a place that was not sent yet goes along with the text, and is told again after an offline time', async () => {
    const server = scriptedLink('abc');
    const { text, clock } = await open(server);
    server.become('offline');
    text.moveCursor(2);
    server.remote({ position: 0, length: 0, content: '12' });
    await text.reached(1);
    expect(server.cursors).toEqual([]);
    server.become('connected');
    await expect.poll(() => server.cursors.map(({ position }) => position)).toEqual([4]);
    server.become('reconnecting');
    server.become('connected');
    clock.advance(100);
    await expect.poll(() => server.cursors.map(({ position }) => position)).toEqual([4, 4]);
    await text.close();
  });

  it('one is typing from the first edit until three seconds after the last', async () => {
    const server = scriptedLink();
    const { text, clock } = await open(server);
    for (let step = 0; step < 5; step += 1) {
      text.edit({ position: 0, length: 0, content: 'x' });
      clock.advance(1_000);
    }
    expect(server.typing).toEqual([true, true]);
    clock.advance(1_999);
    expect(server.typing).toEqual([true, true]);
    clock.advance(1);
    expect(server.typing).toEqual([true, true, false]);
    text.setStatus('AWAY');
    expect(server.statuses).toEqual(['AWAY']);
    await text.close();
    expect(clock.pending).toBe(0);
  });
});
