import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/raw-socket.ts';
import type { Wire } from '../support/wire.ts';
import { begin, createLedger } from './fan-out-ledger.ts';
import { createField, openStage, READER, rewrite, type Stage } from './fan-out-stage.ts';
import { type Guest, revisions } from './guest.ts';

/** Revisions of each commit. */
const WIDTH = 50;

/** Each of the reasons for which the server closes a socket by what its client sends. */
const OFFENCES: readonly { readonly code: number; readonly messages: readonly object[] }[] = [
  { code: 4400, messages: [{ type: 'nonsense' }] },
  { code: 4429, messages: [{ type: 'connection_init' }] },
  {
    code: 4409,
    messages: [{ id: 'one', type: 'subscribe', payload: { query: '{ viewer { tenantId } }' } }],
  },
];

let stage: Stage;
let ada: Guest;

// In this process, because what the server holds afterwards is looked at.
beforeAll(async () => {
  stage = await openStage();
});
afterEach(() => stage.leaveAll());
afterAll(() => stage.close());

describe('[P4] a socket that the server closes while events are on their way', () => {
  it.each(OFFENCES)(
    'gets its close frame ($code) as the last one, behind whole messages',
    async ({ code, messages }) => {
      const id = `closed-${code}`;
      ada = await stage.enter('ada');
      await createField(ada, id, { width: WIDTH });
      const ledger = createLedger();
      // Its answer to the close frame is long on its way.
      const wire: Wire = await stage.wire(READER, { onMessage: ledger.take, answersClose: false });
      const operation = begin(ledger, wire, { id: 'one', documentId: id, after: 0 });
      await until(() => operation.revisions.length > 0, 'the first message');
      const writing = Array.from({ length: 5 }, () => rewrite(ada, id, { count: WIDTH, content: 'x' }));
      await Promise.race(writing);
      wire.send(...messages);
      await until(() => wire.closing !== null, 'the close frame');
      await Promise.all(writing);
      await rewrite(ada, id, { count: WIDTH, content: 'y' });
      // Whatever the server still wrote has come when it answers the goodbye by ending the connection.
      wire.close();
      wire.end();
      await wire.ended();
      expect(wire.closing?.code).toBe(code);
      expect(wire.late.slice(0, 3)).toEqual([]);
      expect(ledger.faults).toEqual([]);
      expect(operation.revisions).toEqual(revisions(1, operation.revisions.length));
    },
  );
});
