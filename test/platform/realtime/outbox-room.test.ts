import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createOutbox, type Outbox, type OutboxOptions } from '../../../src/platform/realtime/outbox.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { GatedWritable } from './gated-writable.ts';
import { settled } from './log-source.ts';

const LIMIT = 1_000;
const STALL_MS = 5_000;
const CHUNK = 64 * 1024;

const open = (options: Partial<OutboxOptions> = {}) => {
  const stream = new GatedWritable();
  const clock = createManualClock();
  const stalls: number[] = [];
  const onStall = (): void => void stalls.push(clock.now());
  const outbox = createOutbox({ stream, limitBytes: LIMIT, stallMs: STALL_MS, clock, onStall, ...options });
  return { stream, clock, stalls, outbox };
};

const counter = () => {
  const calls = { count: 0 };
  return { calls, call: () => void (calls.count += 1) };
};

/** Adds what a stream would: only where there is room, and again when there is. */
const offer = (outbox: Outbox, bytes: string): { taken: boolean; asked: number } => {
  const state = { taken: false, asked: 0 };
  const attempt = (): void => {
    state.asked += 1;
    if (outbox.hasRoom(bytes.length)) {
      outbox.push(bytes);
      state.taken = true;
    } else outbox.whenRoom(attempt);
  };
  attempt();
  return state;
};

describe('outbox: room', () => {
  it('has room for anything while nothing waits, and up to its limit otherwise', async () => {
    const { stream, outbox } = open();
    expect(outbox.hasRoom(100 * LIMIT)).toBe(true);
    outbox.push('x'.repeat(400));
    expect(outbox.hasRoom(600)).toBe(true);
    expect(outbox.hasRoom(601)).toBe(false);
    await settled();
    expect(outbox.hasRoom(601), 'what is being written is not sent yet').toBe(false);
    await stream.take();
    expect(outbox.hasRoom(100 * LIMIT)).toBe(true);
  });

  it('takes what has no choice whether there is room or not', () => {
    const { outbox } = open();
    outbox.push('x'.repeat(LIMIT));
    expect(outbox.hasRoom(0)).toBe(true);
    outbox.push('y');
    expect(outbox.hasRoom(0)).toBe(false);
    expect(outbox.unsentBytes).toBe(LIMIT + 1);
  });

  it('calls back soon where nothing waits, and not before it returns', async () => {
    const { outbox } = open();
    const { calls, call } = counter();
    outbox.whenRoom(call);
    expect(calls.count).toBe(0);
    await Promise.resolve();
    expect(calls.count).toBe(1);
  });

  it('calls everybody back once when half of the room is free', async () => {
    const { stream, outbox } = open({ limitBytes: 4 * CHUNK });
    const { calls, call } = counter();
    outbox.push('x'.repeat(4 * CHUNK));
    await settled();
    outbox.whenRoom(call);
    outbox.whenRoom(call);
    await stream.take();
    expect(outbox.unsentBytes).toBe(3 * CHUNK);
    expect(calls.count).toBe(0);
    await stream.take();
    expect(outbox.unsentBytes).toBe(2 * CHUNK);
    expect(calls.count).toBe(2);
    await stream.takeAll();
    expect(calls.count).toBe(2);
  });

  it('calls back when the last of what waits is written, where little waits', async () => {
    const { stream, outbox } = open();
    const { calls, call } = counter();
    outbox.push('x');
    outbox.whenRoom(call);
    await settled();
    expect(calls.count).toBe(0);
    await stream.take();
    expect(calls.count).toBe(1);
  });

  it('takes what is larger than the limit in its turn, when nothing else waits', async () => {
    const { stream, outbox } = open({ limitBytes: 4 * CHUNK });
    outbox.push('x'.repeat(4 * CHUNK));
    await settled();
    const large = offer(outbox, 'L'.repeat(5 * CHUNK));
    while (!large.taken) {
      expect(stream.holds).toBe(true);
      await stream.take();
    }
    await stream.takeAll();
    expect(stream.text === 'x'.repeat(4 * CHUNK) + 'L'.repeat(5 * CHUNK)).toBe(true);
    expect(large.asked).toBeLessThanOrEqual(4);
  });

  it('[P6] never holds more than its limit of those who ask first, however many they are', async () => {
    const { stream, outbox } = open({ limitBytes: 2 * CHUNK });
    const offers = Array.from({ length: 60 }, (_, index) => offer(outbox, `${index}`.padEnd(9_000, '.')));
    let turns = 0;
    while (offers.some(({ taken }) => !taken)) {
      expect(outbox.unsentBytes).toBeLessThanOrEqual(2 * CHUNK);
      expect(stream.writableLength).toBeLessThanOrEqual(CHUNK);
      await settled();
      await stream.take();
      turns += 1;
      expect(turns).toBeLessThan(100);
    }
    await settled();
    await stream.takeAll();
    const sent = stream.text.match(/\d+\.+/g) ?? [];
    expect(sent.map((text) => Number.parseInt(text, 10)).sort((a, b) => a - b)).toEqual(
      offers.map((_, index) => index),
    );
  });

  it('calls nobody back after it was closed, neither who waited nor who asks then', async () => {
    const { stream, outbox } = open();
    const { calls, call } = counter();
    outbox.push('x');
    outbox.whenRoom(call);
    outbox.close();
    outbox.whenRoom(call);
    await settled();
    await stream.takeAll();
    expect(calls.count).toBe(0);
  });
});

describe('outbox: a reader that takes nothing', () => {
  it('is given up after the time, once', async () => {
    const { clock, stalls, outbox } = open();
    outbox.push('x');
    await settled();
    clock.advance(STALL_MS - 1);
    expect(stalls).toEqual([]);
    outbox.push('y');
    await settled();
    clock.advance(1);
    expect(stalls).toEqual([clock.now()]);
    clock.advance(10 * STALL_MS);
    expect(stalls).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('is not given up while it takes something, however slowly', async () => {
    const { stream, clock, stalls, outbox } = open();
    outbox.push('x'.repeat(10 * CHUNK));
    await settled();
    for (let taken = 0; taken < 9; taken += 1) {
      clock.advance(STALL_MS - 1);
      await stream.take();
    }
    expect(stalls).toEqual([]);
    clock.advance(STALL_MS);
    expect(stalls).toHaveLength(1);
  });

  it('is not watched while nothing waits', async () => {
    const { stream, clock, stalls, outbox } = open();
    outbox.push('x');
    await settled();
    await stream.takeAll();
    expect(clock.pending).toBe(0);
    clock.advance(10 * STALL_MS);
    expect(stalls).toEqual([]);
  });
});

describe('outbox: over a real socket', () => {
  const opened: Socket[] = [];
  afterEach(() => {
    for (const socket of opened.splice(0)) socket.destroy();
  });

  const pair = async (): Promise<{ writer: Socket; reader: Socket }> => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const writer = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [reader] = (await once(server, 'connection')) as [Socket];
    server.close();
    opened.push(writer, reader);
    return { writer, reader };
  };

  it('every byte comes, in order, before the end', async () => {
    const { writer, reader } = await pair();
    const { outbox, clock, stalls } = open({ stream: writer, limitBytes: 4 * CHUNK });
    const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    const entries = Array.from({ length: 400 }, (_, index) => bytes.repeat(1 + ((index * 37) % 300)));
    const received: Buffer[] = [];
    reader.on('data', (data: Buffer) => received.push(data)).resume();
    for (const entry of entries) {
      while (!outbox.hasRoom(entry.length)) await new Promise<void>((resolve) => outbox.whenRoom(resolve));
      outbox.push(entry);
    }
    outbox.finish();
    writer.end();
    await once(reader, 'end');
    expect(Buffer.concat(received).equals(Buffer.from(entries.join(''), 'latin1'))).toBe(true);
    expect(stalls).toEqual([]);
    outbox.close();
    expect(clock.pending).toBe(0);
  });

  it('a reader that has stopped is noticed, and catches up when it reads again', async () => {
    const { writer, reader } = await pair();
    const { outbox, clock, stalls } = open({ stream: writer, limitBytes: CHUNK });
    const total = 64 * 1024 * 1024;
    const entry = 'x'.repeat(1024 * 1024);
    for (let pushed = 0; pushed < total; pushed += entry.length) outbox.push(entry);
    let before = -1;
    // Until the operating system takes no more of it.
    while (outbox.unsentBytes !== before) {
      before = outbox.unsentBytes;
      for (let turn = 0; turn < 50; turn += 1) await settled();
    }
    expect(outbox.unsentBytes).toBeGreaterThan(0);
    clock.advance(STALL_MS);
    expect(stalls).toHaveLength(1);
    let received = 0;
    reader.on('data', ({ length }: Buffer) => void (received += length)).resume();
    await expect.poll(() => received, { timeout: 20_000, interval: 5 }).toBe(total);
    await expect.poll(() => outbox.unsentBytes, { interval: 5 }).toBe(0);
    expect(clock.pending).toBe(0);
  });
});
