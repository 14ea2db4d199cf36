import { describe, expect, it } from 'vitest';
import { ConnectionLost } from '../../../src/sdk/errors.ts';
import { MAX_OFFLINE_CHARS } from '../../../src/sdk/text/check-edit.ts';
import { EditError } from '../../../src/sdk/text/errors.ts';
import { createSharedText, type SharedTextOptions } from '../../../src/sdk/text/shared-text.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { refused, scriptedLink } from '../../support/scripted-link.ts';

const lost = new ConnectionLost(1006, '');
const hello = { position: 0, length: 0, content: 'hello' };

async function open(
  server: ReturnType<typeof scriptedLink>,
  options: Omit<SharedTextOptions, 'clock' | 'newChangeId'> = {},
) {
  let ids = 0;
  const clock = createManualClock();
  const text = await createSharedText(server.link, {
    newChangeId: () => `change-${(ids += 1)}`,
    clock,
    ...options,
  });
  return { text, clock };
}

const codeOf = (edit: () => void): string => {
  try {
    edit();
  } catch (error) {
    if (error instanceof EditError) return error.code;
    throw error;
  }
  return 'none';
};

describe('SharedText', () => {
  it('[P2] a change whose answer was lost is sent again as it is, and applied once', async () => {
    const server = scriptedLink();
    server.failures.push(lost, null);
    const { text, clock } = await open(server);
    text.edit(hello);
    await expect.poll(() => server.sent.length).toBe(1);
    const [first] = server.sent;
    if (!first) throw new Error('nothing was sent');
    server.commitLost(first);
    await text.reached(1);
    expect(text.status.current).toBe('saving');
    await expect.poll(() => clock.pending).toBeGreaterThan(1);
    clock.advance(1_000);
    await text.saved();
    expect(server.sent).toEqual([first, first]);
    expect(server.text()).toBe('hello');
    await text.close();
  });

  it('[P11] a change that is refused ends it and tells who waits', async () => {
    const server = scriptedLink();
    const refusal = refused('FORBIDDEN');
    server.failures.push(refusal);
    const { text } = await open(server);
    text.edit(hello);
    await expect(text.saved()).rejects.toBe(refusal);
    expect(text.ended).toBe(refusal);
    expect(text.status.current).toBe('ended');
    expect(codeOf(() => text.edit(hello))).toBe('ENDED');
    expect(text.undo()).toBe(false);
    await text.close();
  });

  it('edits that undo each other are saved without being sent', async () => {
    const server = scriptedLink();
    const { text } = await open(server);
    text.edit(hello);
    text.edit({ position: 0, length: 5, content: '' });
    await text.saved();
    expect(server.sent).toEqual([]);
    await text.close();
  });

  it('closing it lets go of who waits, and leaves no timer behind', async () => {
    const server = scriptedLink();
    const { text, clock } = await open(server);
    text.edit(hello);
    text.moveCursor(1);
    const waiting = text.reached(7);
    await Promise.all([expect(waiting).rejects.toThrow('closed'), text.close()]);
    await text.close();
    expect(clock.pending).toBe(0);
  });

  it('[P3] a change that lies too far behind is mapped over the log and sent anew with another id', async () => {
    const server = scriptedLink('abc');
    server.hold(true);
    server.failures.push(refused('RESYNC_REQUIRED'));
    const { text } = await open(server);
    server.remote({ position: 0, length: 0, content: '123' });
    text.edit({ position: 3, length: 0, content: 'X' });
    await expect.poll(() => server.sent.length).toBe(1);
    text.edit({ position: 4, length: 0, content: 'Y' });
    server.hold(false);
    await text.saved();
    expect(server.sent.map(({ changeId, baseRevision }) => [changeId, baseRevision])).toEqual([
      ['change-1', 0],
      ['change-2', 1],
    ]);
    expect([text.text, server.text()]).toEqual(['123abcXY', '123abcXY']);
    await text.close();
  });

  it.each([
    ['lies outside', { position: 4, length: 0, content: 'x' }],
    ['is no number', { position: Number.NaN, length: 0, content: 'x' }],
    ['cuts a character in two', { position: 2, length: 0, content: 'x' }],
    ['takes half of a character', { position: 1, length: 1, content: '' }],
    ['brings half of a character', { position: 0, length: 0, content: '\ud83c' }],
    ['brings NUL', { position: 0, length: 0, content: 'a\0b' }],
  ])('[P11] an edit that %s is refused and changes nothing', async (_what, splice) => {
    const server = scriptedLink('a🎈');
    const { text } = await open(server);
    const seen: unknown[] = [];
    text.on('changed', (event) => seen.push(event));
    expect(codeOf(() => text.edit(splice))).toBe('BAD_EDIT');
    expect([text.text, text.status.current, text.canUndo, seen]).toEqual(['a🎈', 'saved', false, []]);
    await text.close();
  });

  it('[P11] no more than so many characters wait to be sent; what goes beyond is refused and changes nothing', async () => {
    const server = scriptedLink();
    const { text } = await open(server);
    server.become('offline');
    text.edit({ position: 0, length: 0, content: 'first' });
    await expect.poll(() => server.sent.length).toBe(1);
    text.edit({ position: 5, length: 0, content: 'x'.repeat(MAX_OFFLINE_CHARS) });
    expect(codeOf(() => text.edit({ position: 0, length: 0, content: 'y' }))).toBe('OFFLINE_FULL');
    expect(text.length).toBe(MAX_OFFLINE_CHARS + 5);
    text.edit({ position: 5, length: MAX_OFFLINE_CHARS, content: '' });
    text.edit({ position: 0, length: 0, content: 'y' });
    expect(text.text).toBe('yfirst');
    await text.close();
  });

  it('tells its status, when all is saved, and when all is together again after an offline time', async () => {
    const server = scriptedLink('abc');
    const { text, clock } = await open(server);
    const told: string[] = [];
    text.status.subscribe((status) => told.push(status));
    text.on('saved', (revision) => told.push(`saved ${revision}`));
    text.on('conflict-free', (revision) => told.push(`conflict-free ${revision}`));
    text.edit(hello);
    await text.saved();
    server.become('reconnecting');
    server.failures.push(lost);
    text.edit({ position: 8, length: 0, content: '!' });
    await expect.poll(() => server.sent.length).toBe(2);
    server.remote({ position: 0, length: 0, content: '>' });
    server.become('connected');
    clock.advance(1_000);
    await text.saved();
    await expect.poll(() => told.at(-1)).toBe('conflict-free 3');
    expect(told).toEqual([
      'saving',
      'saved',
      'saved 1',
      'offline',
      'saving',
      'saved',
      'saved 3',
      'conflict-free 3',
    ]);
    await text.close();
  });

  it('tells each change in its order, also when a listener edits or throws', async () => {
    const server = scriptedLink('abc');
    const errors: unknown[] = [];
    const { text } = await open(server, { onError: (error) => errors.push(error) });
    const broken = new Error('a listener is broken');
    text.on('changed', ({ origin }) => {
      if (origin === 'remote') text.edit({ position: 0, length: 1, content: '' });
    });
    text.on('changed', () => {
      throw broken;
    });
    let doc = text.doc;
    const seen: [string, string][] = [];
    const stop = text.on('changed', ({ change, origin, by }) => {
      doc = change.apply(doc);
      seen.push([origin, by]);
    });
    server.remote({ position: 3, length: 0, content: 'd' });
    await expect
      .poll(() => seen)
      .toEqual([
        ['remote', 'linus'],
        ['local', 'ada'],
      ]);
    await text.saved();
    expect([text.text, doc.toString(), server.text()]).toEqual(['bcd', 'bcd', 'bcd']);
    expect(errors).toEqual([broken, broken]);
    stop();
    text.undo();
    expect(doc.toString()).toBe('bcd');
    await text.close();
  });
});
