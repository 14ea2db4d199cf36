import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QuireError } from '../../../src/platform/errors.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { soon, until } from '../../support/raw-socket.ts';
import { BRIEF_MS, codeOf, type Edge, startEdge, type TestSource } from './edge.ts';

interface Stream {
  readonly response: Response;
  /** The next event; null at the end of the response. */
  readonly next: () => Promise<{ event: string; data: unknown } | null>;
  readonly cancel: () => void;
}

const clock = createManualClock();
let edge: Edge;
beforeEach(async () => {
  edge = await startEdge({ clock });
});
afterEach(() => edge.server.close());

const stream = async (query: string, token = 'ada', init: RequestInit = {}): Promise<Stream> => {
  const aborter = new AbortController();
  const response = await fetch(`${edge.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query }),
    signal: aborter.signal,
    ...init,
  });
  const events = readEvents(response);
  return {
    response,
    cancel: () => aborter.abort(),
    async next() {
      const { done, value } = await soon(events.next(), 'an event');
      return done ? null : value;
    },
  };
};

async function* readEvents(response: Response): AsyncGenerator<{ event: string; data: unknown }, undefined> {
  if (!response.body) return;
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, event, data] = /^event: (.*)\ndata:(.*)$/.exec(block) ?? [];
      if (event !== undefined) yield { event, data: data ? (JSON.parse(data) as unknown) : null };
    }
  }
}

const firstSource = async (): Promise<TestSource> => {
  await until(() => edge.sources.length > 0, 'the subscription has started');
  return edge.sources[0] as TestSource;
};

describe('a subscription over HTTP that is waited for in pieces', () => {
  const wait = (seconds: string): Promise<Stream> =>
    stream('subscription { ticks }', 'ada', {
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: 'Bearer ada',
        prefer: seconds,
      },
    });

  it('ends soon after its first event, with those that came meanwhile, and is not complete', async () => {
    const { response, next } = await wait('respond-async, wait=20');
    expect(response.headers.get('preference-applied')).toBe('wait=20');
    const source = await firstSource();
    clock.advance(19_000);
    source.push(1);
    expect(await next()).toMatchObject({ data: { data: { ticks: 1 } } });
    clock.advance(99);
    source.push(2);
    expect(await next()).toMatchObject({ data: { data: { ticks: 2 } } });
    clock.advance(1);
    expect(await next()).toBeNull();
    expect(source.returned).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('ends without an event when none has come in time', async () => {
    const { next } = await wait('wait=20');
    const source = await firstSource();
    clock.advance(20_000);
    expect(await next()).toBeNull();
    expect(source.returned).toBe(1);
  });

  it('is complete when its source is', async () => {
    const { next } = await wait('wait=20');
    const source = await firstSource();
    source.push(1);
    source.finish();
    await next();
    expect(await next()).toEqual({ event: 'complete', data: null });
    expect(await next()).toBeNull();
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['wait=0', 'wait=1'],
    ['wait="5"; foo', 'wait=5'],
    ['wait=999999', 'wait=60'],
    ['wait=1e9', null],
    ['wait=-1', null],
    ['nowait=3', null],
  ])('takes %s for %s', async (prefer, applied) => {
    const { response, next } = await wait(prefer);
    expect(response.headers.get('preference-applied')).toBe(applied);
    (await firstSource()).finish();
    expect(await next()).toMatchObject({ event: 'complete' });
  });
});

describe('a subscription over HTTP', () => {
  it('is a stream of events, then complete', async () => {
    const { response, next } = await stream('subscription { ticks }');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const source = await firstSource();
    source.push(1);
    source.push(2);
    source.finish();
    expect(await next()).toEqual({ event: 'next', data: { data: { ticks: 1 } } });
    expect(await next()).toEqual({ event: 'next', data: { data: { ticks: 2 } } });
    expect(await next()).toEqual({ event: 'complete', data: null });
    expect(await next()).toBeNull();
    expect(source.returned).toBe(0);
  });

  it('works by GET too, as EventSource does it', async () => {
    edge.gate.open();
    const response = await fetch(
      `${edge.url}/graphql?query=${encodeURIComponent('subscription { slowTicks }')}`,
      {
        headers: { accept: 'text/event-stream' },
      },
    );
    (await firstSource()).finish();
    expect(await response.text()).toContain('event: complete');
  });

  it('lets go of its source at once and only once when the client leaves', async () => {
    const { cancel } = await stream('subscription { ticks }');
    const source = await firstSource();
    cancel();
    await until(() => source.returned > 0, 'return() is called');
    source.push(1);
    expect(source.returned).toBe(1);
    await until(() => clock.pending === 0, 'its timer is cancelled');
  });

  it('lets go of its source when the client has left before it was there', async () => {
    const aborter = new AbortController();
    const gone = stream('subscription { slowTicks }', 'ada', { signal: aborter.signal });
    await edge.gate.entered;
    aborter.abort();
    await expect(gone).rejects.toThrow();
    // The server has seen it leave once it answers what came later.
    await fetch(`${edge.url}/health/live`);
    edge.gate.open();
    await until(() => edge.sources[0]?.returned === 1, 'return() is called');
  });

  it('tells of a source that fails in mid-stream, then completes', async () => {
    const { next } = await stream('subscription { ticks }');
    const source = await firstSource();
    source.push(1);
    source.fail(new QuireError('FORBIDDEN', 'Access was taken away.'));
    await next();
    expect(await next()).toMatchObject({
      event: 'next',
      data: { errors: [{ message: 'Access was taken away.', extensions: { code: 'FORBIDDEN' } }] },
    });
    expect(await next()).toEqual({ event: 'complete', data: null });
    expect(await next()).toBeNull();
  });

  it('masks a source that crashes', async () => {
    const { next } = await stream('subscription { ticks }');
    (await firstSource()).fail(new Error('select * from secrets'));
    expect(await next()).toMatchObject({
      data: { errors: [{ message: 'Unexpected error', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
    });
    expect(edge.lines.filter(({ level }) => level === 50)).toHaveLength(1);
  });

  it('ends when the token expires', async () => {
    const { next } = await stream('subscription { ticks }', 'brief');
    const source = await firstSource();
    clock.advance(BRIEF_MS - 1);
    source.push(1);
    expect(await next()).toMatchObject({ data: { data: { ticks: 1 } } });
    clock.advance(1);
    expect(await next()).toMatchObject({ data: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } });
    expect(await next()).toEqual({ event: 'complete', data: null });
    expect(source.returned).toBe(1);
  });

  it('is refused to a bad token, and for what is not valid', async () => {
    expect(await (await stream('subscription { ticks }', 'forged')).next()).toMatchObject({
      data: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
    });
    expect(await (await stream('subscription { nothing }')).next()).toMatchObject({
      data: { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] },
    });
    expect(await (await stream('subscription { refused }')).next()).toMatchObject({
      data: { errors: [{ extensions: { code: 'NOT_FOUND' } }] },
    });
    expect(edge.sources).toHaveLength(0);
  });

  it('is refused, and starts nothing, when the client takes no stream', async () => {
    const headers = { accept: 'application/json', authorization: 'Bearer ada' };
    const response = await edge.post({ query: 'subscription { ticks }' }, headers);
    expect(await codeOf(response)).toBe('BAD_USER_INPUT');
    expect(edge.calls).toEqual([]);
  });

  it('writes its line when it ends', async () => {
    const { next } = await stream('subscription Watch { ticks }');
    const source = await firstSource();
    expect(edge.lines).toEqual([]);
    source.finish();
    await next();
    expect(edge.lines).toMatchObject([{ operation: 'Watch', kind: 'subscription', user: 'ada', code: 'OK' }]);
  });
});
