import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessRows, DOCUMENT_OPERATIONS } from './access.ts';
import { changeRows } from './changes.ts';
import { collaborationRows } from './collaboration.ts';
import { complianceRows } from './compliance.ts';
import { documentRows } from './documents.ts';
import { operationRows } from './operations.ts';
import { processingRows } from './processing.ts';
import { type Row, shown, UNFIT_IDS } from './row.ts';
import { DELETED, FOREIGN, PRIVATE, type Stage, setStage } from './stage.ts';
import type { Answer } from './transports.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(async () => {
  await stage.expectRestUntouched();
  await stage.close();
});

const tables: Readonly<Record<string, readonly Row[]>> = {
  changes: changeRows,
  documents: documentRows,
  collaboration: collaborationRows,
  compliance: complianceRows,
  processing: processingRows,
  access: accessRows,
  operations: operationRows,
};

/** Code and argument of each error, where nothing else came along. */
function refusalsOf({ data, errors = [] }: Answer): object[] {
  expect(Object.values(data ?? {}).filter((value) => value !== null)).toEqual([]);
  return errors.map(({ extensions }) => extensions);
}

describe.each(['http', 'socket'] as const)('[P11] bad input by %s', (name) => {
  describe.each(Object.entries(tables))('%s', (_table, rows) => {
    it.each(rows.map((row) => [row.name, row] as const))(
      '%s is refused, changes nothing, and the next request works',
      async (_name, { query, variables, as = 'ada', code, argument }) => {
        const answer = await stage.ask(stage[name], as, query, variables);
        const [first] = refusalsOf(answer);
        expect(first).toEqual({ code, ...(argument !== undefined && { argument }) });
        await stage.expectUntouched(stage[name]);
      },
    );
  });

  describe('[P9] a document that is not there for its viewer', () => {
    const ids = [DELETED, PRIVATE, FOREIGN, ...UNFIT_IDS, '__proto__', 'constructor', 'globex/foreign'];
    it.each(DOCUMENT_OPERATIONS.map((operation) => [operation.name, operation] as const))(
      '%s: the answer is the same whether it is missing, deleted, private, foreign or cannot be',
      async (_name, { query, variables }) => {
        const askFor = (id: string) => stage.ask(stage[name], 'ada', query, { ...variables, id });
        const missing = await askFor('missing');
        expect(refusalsOf(missing)).toEqual([{ code: 'NOT_FOUND' }]);
        for (const id of ids) expect([shown(id), await askFor(id)]).toEqual([shown(id), missing]);
        await stage.expectUntouched(stage[name]);
      },
    );

    it('document: null for all of them', async () => {
      for (const id of ['missing', ...ids]) {
        const answer = await stage.ask(stage[name], 'ada', 'query ($id: ID!) { document(id: $id) { id } }', {
          id,
        });
        expect([shown(id), answer]).toEqual([shown(id), { data: { document: null } }]);
      }
    });
  });
});
