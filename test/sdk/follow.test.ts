import { describe, expect, it } from 'vitest';
import { createConnectionState } from '../../src/sdk/connection-state.ts';
import { ConnectionLost, OperationError } from '../../src/sdk/errors.ts';
import { follow } from '../../src/sdk/follow.ts';
import type { Line } from '../../src/sdk/line.ts';
import type { Link, StreamSink } from '../../src/sdk/link.ts';
import type { Operation } from '../../src/sdk/operation.ts';
import { createStop } from '../../src/sdk/signals.ts';
import type { StreamPlan } from '../../src/sdk/stream-plan.ts';
import { MAX_UNREAD } from '../../src/sdk/unread.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { until } from '../support/raw-socket.ts';

const refusal = (code: string, more: object = {}): OperationError =>
  new OperationError([{ message: code, extensions: { code, ...more } }]);

const EVENTS: StreamPlan = { kind: 'STATE', inEvents: true };
const LOG: StreamPlan = {
  kind: 'LOG',
  variable: 'after',
  cursorOf: (data) => (data as { id: number }).id,
  beginning: { query: '{ newest }', variables: {} },
  beginsAt: () => 0,
};

/** A subscription over a link whose streams are in the hands of the test. */
function scripted(plan: StreamPlan) {
  const clock = createManualClock();
  const streams: { readonly sink: StreamSink; readonly after: unknown; stopped: boolean }[] = [];
  let renewed = 0;
  const link: Link = {
    transport: 'sse',
    lost: new Promise(() => {}),
    run: async () => ({ data: {} }),
    subscribe({ variables }: Operation, sink) {
      const stream = { sink, after: variables['after'], stopped: false };
      streams.push(stream);
      return () => {
        stream.stopped = true;
      };
    },
    renewToken: async () => {
      renewed += 1;
    },
    retire: () => {},
    close: async () => {},
  };
  const line: Line = {
    connection: createConnectionState(),
    current: link,
    ending: createStop().signal,
    hold: () => () => {},
    link: async () => link,
    close: async () => {},
  };
  const operation = { query: '', variables: {} };
  const values = follow<{ id: number }>({
    line,
    plan,
    operation,
    clock,
    random: () => 0.5,
    signal: undefined,
  });
  return {
    values,
    clock,
    streams,
    renewed: () => renewed,
    /** The stream of this number (from 0), once it is there. */
    stream: async (index: number) => {
      await until(() => streams.length > index, `stream ${index} is there`);
      const { sink } = streams[index] ?? {};
      if (!sink) throw new Error('There is no such stream.');
      return { tell: (id: number) => sink.next({ data: { id } }), end: sink.end.bind(sink) };
    },
  };
}

describe('following a stream', () => {
  it('[P6] that is told in events begins again with a snapshot when its reader is too slow', async () => {
    const { values, streams, stream } = scripted(EVENTS);
    const first = await stream(0);
    for (let id = 1; id <= MAX_UNREAD; id += 1) first.tell(id);
    expect(streams[0]?.stopped).toBe(true);
    (await stream(1)).tell(-1);
    expect(await values.next()).toEqual({ done: false, value: { id: -1 } });
    await values.return?.();
    expect(streams[1]?.stopped).toBe(true);
  });

  it('[P6] that is a log stops when its reader is too slow, and goes on behind what waits', async () => {
    const { values, streams, stream } = scripted(LOG);
    const first = await stream(0);
    for (let id = 1; id <= MAX_UNREAD; id += 1) first.tell(id);
    expect(streams[0]?.stopped).toBe(true);
    for (let id = 1; id < MAX_UNREAD / 2; id += 1) await values.next();
    expect(streams).toHaveLength(1);
    await values.next();
    await stream(1);
    expect(streams.map(({ after }) => after)).toEqual([0, MAX_UNREAD]);
    await values.return?.();
  });

  it('waits as long as the server says, or by full jitter', async () => {
    const { clock, streams, stream, values } = scripted(LOG);
    (await stream(0)).end(refusal('RATE_LIMITED', { retryAfterMs: 5_000 }));
    await until(() => clock.pending === 1, 'it waits');
    clock.advance(4_999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    (await stream(1)).end(refusal('UNAVAILABLE'));
    await until(() => clock.pending === 1, 'it waits');
    clock.advance(999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    (await stream(2)).end(new ConnectionLost(1006, ''));
    await until(() => clock.pending === 1, 'it waits');
    clock.advance(2_500);
    await stream(3);
    expect(streams.map(({ after }) => after)).toEqual([0, 0, 0, 0]);
    await values.return?.();
    expect(clock.pending).toBe(0);
  });

  it('replaces a token at once, an old one after a pause, and ends when a new one is refused', async () => {
    const { clock, renewed, stream, values } = scripted(LOG);
    const unauthenticated = refusal('UNAUTHENTICATED');
    const first = await stream(0);
    first.tell(1);
    first.end(unauthenticated);
    const second = await stream(1);
    expect(renewed()).toBe(1);
    second.tell(2);
    second.end(unauthenticated);
    await until(() => clock.pending === 1, 'it waits');
    expect(renewed()).toBe(1);
    clock.advance(500);
    const third = await stream(2);
    expect(renewed()).toBe(2);
    third.end(unauthenticated);
    await values.next();
    await values.next();
    await expect(values.next()).rejects.toBe(unauthenticated);
    expect(clock.pending).toBe(0);
  });

  it.each(['FORBIDDEN', 'NOT_FOUND', 'BAD_USER_INPUT', 'INTERNAL_SERVER_ERROR'])(
    'ends with %s',
    async (code) => {
      const { clock, stream, values } = scripted(LOG);
      const first = await stream(0);
      first.tell(1);
      first.end(refusal(code));
      expect(await values.next()).toEqual({ done: false, value: { id: 1 } });
      await expect(values.next()).rejects.toMatchObject({ code });
      expect(clock.pending).toBe(0);
    },
  );
});
