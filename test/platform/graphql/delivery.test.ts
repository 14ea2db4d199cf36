import { type ExecutionResult, getOperationAST, parse } from 'graphql';
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RequestContext } from '../../../src/platform/graphql/context.ts';
import { createDeliveries, type Payload } from '../../../src/platform/graphql/delivery.ts';
import { createPlanner, type Plan } from '../../../src/platform/graphql/plan.ts';
import { createTextBudget } from '../../../src/platform/graphql/text-budget.ts';
import { type Note, notesSchema } from './notes-schema.ts';

const schema = notesSchema();
const planOf = createPlanner(schema);
/** An operation may give two texts of this size. */
const TEXT_CHARS = 5;

const plan = (selection: string, head = 'subscription'): Plan => {
  const document = parse(`${head} { notes(room: "a") ${selection} }`);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('not an operation');
  return planOf(document, operation);
};

const log = pino({ level: 'silent' });
const nobody = { viewer: null, clientId: null, connectionId: null, lastEventId: null, requestId: '', log };

const viewer = (userId: string, tenantId = 'acme'): RequestContext => ({
  ...nobody,
  viewer: { tenantId, userId, name: `${userId} of ${tenantId}`, roles: [], tokenExpiresAt: 0 },
  tenantId,
  texts: createTextBudget(TEXT_CHARS),
});

const note = (text: string, rest: Partial<Note> = {}): Note => ({ id: '1', text, ...rest });
const data = (payload: Payload): unknown =>
  (JSON.parse(payload) as { data?: { notes?: unknown } }).data?.notes;
const messages = (payload: Payload): string[] =>
  ((JSON.parse(payload) as ExecutionResult).errors ?? []).map(({ message }) => message);

let presented: ExecutionResult[];
let deliveries: ReturnType<typeof createDeliveries>;
beforeEach(() => {
  presented = [];
  deliveries = createDeliveries({
    present(result) {
      presented.push(result);
      return result;
    },
    encode: (result) => JSON.stringify(result),
    tenantContext: (tenantId) => ({ ...nobody, tenantId, texts: createTextBudget(TEXT_CHARS) }),
  });
});

describe('who shares an audience', () => {
  it('those who select the same, wherever they begin', () => {
    const one = deliveries.join(plan('{ text }'), {}, viewer('ada'));
    const two = deliveries.join(plan('{ text }', 'subscription Named'), undefined, viewer('bob'));
    expect(two.audience).toBe(one.audience);
    expect(deliveries.audiences).toBe(1);
  });

  it('[P9] not those of different tenants, whatever these are called', () => {
    const tenants = ['acme', 'beta', 'acme"', '["acme"', 'acme\\', ''];
    const admitted = tenants.map((tenant) => deliveries.join(plan('{ text }'), {}, viewer('ada', tenant)));
    expect(new Set(admitted.map(({ audience }) => audience)).size).toBe(tenants.length);
    expect(deliveries.audiences).toBe(tenants.length);
  });

  it('not those who select something else, or have other values inside', () => {
    const shout = plan('{ shout(times: $times) }', 'subscription ($times: Int!)');
    const all = [
      deliveries.join(plan('{ text }'), {}, viewer('ada')),
      deliveries.join(plan('{ id }'), {}, viewer('ada')),
      deliveries.join(shout, { times: 1 }, viewer('ada')),
      deliveries.join(shout, { times: 2 }, viewer('ada')),
    ];
    expect(new Set(all.map(({ audience }) => audience)).size).toBe(4);
  });

  it('nobody whose payload is their own, nor one without a tenant', () => {
    const mine = plan('{ text mine }');
    const plain = plan('{ text }');
    const anybody = { ...viewer('ada'), viewer: null, tenantId: null };
    const all = [
      deliveries.join(mine, {}, viewer('ada')),
      deliveries.join(mine, {}, viewer('ada')),
      deliveries.join(plain, {}, anybody),
      deliveries.join(plain, {}, anybody),
    ];
    expect(new Set(all.map(({ audience }) => audience)).size).toBe(4);
    expect(deliveries.audiences).toBe(0);
    for (const admission of all) admission.leave();
    expect(deliveries.audiences).toBe(0);
  });

  it('[P6] until the last of them has left', () => {
    const all = ['ada', 'bob', 'cem'].map((user) => deliveries.join(plan('{ text }'), {}, viewer(user)));
    const [first] = all;
    for (const admission of all.slice(1)) admission.leave();
    expect(deliveries.audiences).toBe(1);
    expect(deliveries.join(plan('{ text }'), {}, viewer('dan')).audience).toBe(first?.audience);
    all[0]?.leave();
    expect(deliveries.audiences).toBe(1);
  });

  it('[P6] leaves nothing when all have left, and begins anew', () => {
    const first = deliveries.join(plan('{ text }'), {}, viewer('ada'));
    first.leave();
    expect(deliveries.audiences).toBe(0);
    const second = deliveries.join(plan('{ text }'), {}, viewer('ada'));
    expect(deliveries.audiences).toBe(1);
    second.leave();
    expect(deliveries.audiences).toBe(0);
  });
});

describe('a shared payload', () => {
  const join = (selection: string, user = 'ada', tenant = 'acme') =>
    deliveries.join(plan(selection), {}, viewer(user, tenant)).audience;

  it('is rendered once for each event, at once where nothing is waited for', () => {
    let renders = 0;
    const event = note('hello', { onRender: () => void (renders += 1) });
    const [one, two] = [join('{ text }'), join('{ text }', 'bob')];
    const payload = one.render(event);
    expect(payload).toBe('{"data":{"notes":{"text":"hello"}}}');
    expect(two.render(event)).toBe(payload);
    expect(renders).toBe(1);
    void one.render(note('hello', { onRender: () => void (renders += 1) }));
    expect(renders).toBe(2);
  });

  it('is rendered once also for those who ask while it is', async () => {
    let renders = 0;
    const event = note('', {
      slow: async () => {
        renders += 1;
        return 'late';
      },
    });
    const audience = join('{ slow }');
    const asked = [audience.render(event), audience.render(event)].map((made) => Promise.resolve(made));
    expect((await Promise.all(asked)).map(data)).toEqual([{ slow: 'late' }, { slow: 'late' }]);
    expect(audience.render(event), 'it is there now').toBe(await asked[0]);
    expect(renders).toBe(1);
  });

  it('[P9] is made for the tenant and for nobody in it', async () => {
    const event = note('x');
    const selection = '{ tenant unmarked }';
    expect(data(await join(selection).render(event))).toEqual({ tenant: 'acme', unmarked: null });
    expect(data(await join(selection, 'ada', 'beta').render(event))).toEqual({
      tenant: 'beta',
      unmarked: null,
    });
  });

  it('has a whole budget of text for each event', async () => {
    const audience = join('{ texts }');
    for (const text of ['123456', '1234567890', '1234567890']) {
      expect(data(await audience.render(note(text)))).toEqual({ texts: text });
    }
  });

  it('is presented where it has errors, and is made anew for whoever asks next', async () => {
    let failing = true;
    const event = note('', {
      slow: async () => {
        if (failing) throw new Error('not now');
        return 'now';
      },
    });
    const audience = join('{ slow }');
    expect(messages(await audience.render(event))).toEqual(['not now']);
    expect(presented.at(-1)?.errors).toHaveLength(1);
    failing = false;
    expect(data(await audience.render(event))).toEqual({ slow: 'now' });
  });

  it('is an error, and no rejection, where it cannot be encoded', async () => {
    const broken = createDeliveries({
      present: (result) => result,
      encode(result) {
        if (result.data) throw new Error('cannot be encoded');
        return JSON.stringify(result);
      },
      tenantContext: (tenantId) => ({ ...nobody, tenantId, texts: createTextBudget(TEXT_CHARS) }),
    });
    for (const selection of ['{ text }', '{ slow }']) {
      const { audience } = broken.join(plan(selection), {}, viewer('ada'));
      const payload = await audience.render(note('x', { slow: async () => 'late' }));
      expect(messages(payload), selection).toEqual(['cannot be encoded']);
    }
  });

  it('takes the variables inside of the selection, given or by default', async () => {
    const shout = plan('{ shout(times: $times) }', 'subscription ($times: Int! = 2, $room: ID)');
    const given = deliveries.join(shout, { times: 3, room: 'b' }, viewer('ada')).audience;
    const byDefault = deliveries.join(shout, {}, viewer('ada')).audience;
    expect(data(await given.render(note('a')))).toEqual({ shout: 'aaa' });
    expect(data(await byDefault.render(note('a')))).toEqual({ shout: 'aa' });
  });

  it.each(['toString', 'constructor', '__proto__'])(
    'takes the default of a variable called %s',
    async (name) => {
      const chosen = plan(`{ text @include(if: $${name}) }`, `subscription ($${name}: Boolean = true)`);
      for (const variables of [{}, undefined]) {
        const { audience } = deliveries.join(chosen, variables, viewer('ada'));
        expect(data(await audience.render(note('a')))).toEqual({ text: 'a' });
      }
    },
  );
});

describe('a payload of one viewer', () => {
  it('[P9] is made with who asks, each time it is asked for', async () => {
    const event = note('x');
    const selection = plan('{ asker tenant }');
    const names = [viewer('ada'), viewer('bob'), viewer('ada', 'beta')].map((context) =>
      Promise.resolve(deliveries.join(selection, {}, context).audience.render(event)),
    );
    expect((await Promise.all(names)).map(data)).toEqual([
      { asker: 'ada of acme', tenant: 'acme' },
      { asker: 'bob of acme', tenant: 'acme' },
      { asker: 'ada of beta', tenant: 'beta' },
    ]);
  });

  it('has a whole budget of text for each event', async () => {
    const { audience } = deliveries.join(plan('{ texts mine }'), {}, viewer('ada'));
    for (const text of ['1234567890', '1234567890']) {
      expect(data(await audience.render(note(text)))).toEqual({ texts: text, mine: true });
    }
  });
});
