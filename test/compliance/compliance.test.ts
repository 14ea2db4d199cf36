import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toSequence } from '../../src/compliance/alert.ts';
import type { AlertFilter, AlertRow } from '../../src/compliance/store.ts';
import { createDesk, type Desk, expectRefusal, type Person, type Service } from '../support/documents.ts';
import { CARD, contact, expectRange, type Office, openOffice, RECORD, sequencesOf } from './office.ts';

let desk: Desk;
let service: Service;
let office: Office;
let ada: Person;
let bob: Person;

beforeAll(async () => {
  desk = await createDesk();
  service = await desk.open();
  office = openOffice(service);
  ada = service.as('ada');
  bob = service.as('bob');
});
afterAll(() => desk.close());

const ALL: AlertFilter = { documentId: null, framework: null, minSeverity: 0 };

const share = (id: string, user: string, role: 'VIEWER' | 'EDITOR' = 'VIEWER') =>
  service.documents.collaborators.add(ada.viewer, id, user, role);

/** What somebody sees, newest first. */
const seenBy = (person: Person, filter: Partial<AlertFilter> = {}) =>
  office.compliance.page(person.viewer, { ...ALL, ...filter }, 10_000, null);

describe('raising alerts', () => {
  it('gives each the next place in the log of its tenant, whichever document it is about', async () => {
    const [one, two] = [await ada.create(), await ada.create()];
    const start = (await office.file(one, contact(1)))[0]?.sequence ?? 0;
    const more = [
      ...(await office.file(two, `${contact(2)} ${CARD} ${RECORD}`)),
      ...(await office.file(one, contact(3))),
    ];
    expectRange(more, start + 1, start + 4);
    expect(more.map(({ framework, documentId }) => [framework, documentId])).toEqual([
      ['GDPR', two],
      ['PCI_DSS', two],
      ['HIPAA', two],
      ['GDPR', one],
    ]);
    const mine = await service.as('ada', 'globex').create('', one);
    expect(sequencesOf(await office.file(mine, contact(1), 'globex'))).toEqual([1]);
  });

  it('gives what is written', async () => {
    const id = await ada.create();
    const raised = await office.file(id, `${CARD} ${contact(1)}`);
    expect(raised).toHaveLength(2);
    expect(await seenBy(ada, { documentId: id })).toEqual(raised.toReversed());
  });

  it('[P1] writes nothing when the transaction of its caller fails, and everything when it does not', async () => {
    const id = await ada.create();
    const findings = (await office.file(await ada.create(), contact(1)))[0]?.findings ?? [];
    const scanned = { tenantId: 'acme', documentId: id, findings, at: 0 };
    const failing = service.query.transaction().execute(async (transaction) => {
      const raised = await office.compliance.raise(transaction, [scanned]);
      expect(raised.get(scanned)).toHaveLength(1);
      throw new Error('the job was not ours any more');
    });
    await expect(failing).rejects.toThrow('not ours');
    expect(await seenBy(ada, { documentId: id })).toEqual([]);
    expect(await office.file(id, contact(1))).toHaveLength(1);
  });

  it('raises for many scans at once as for one after the other', async () => {
    const [one, other] = [await ada.create(), await ada.create()];
    const scanOf = async (documentId: string, text: string, tenantId = 'acme') => {
      const [alert] = await office.file(await ada.create(), text);
      return { tenantId, documentId, findings: alert?.findings ?? [], at: 0 };
    };
    const scans = [
      await scanOf(one, contact(1)),
      await scanOf(other, contact(1)),
      await scanOf(one, contact(1)),
      await scanOf(one, contact(2)),
      await scanOf(one, 'nothing'),
      await scanOf('gone', contact(1)),
      await scanOf(one, contact(1), 'globex'),
    ];
    const [newest] = await seenBy(ada, {});
    const raised = await service.query
      .transaction()
      .execute((transaction) => office.compliance.raise(transaction, scans));
    const head = newest?.sequence ?? 0;
    const places = scans.map((scan) => raised.get(scan)?.map(({ sequence }) => sequence - head) ?? []);
    expect(places).toEqual([[1], [2], [], [3], [], [], []]);
    expect((await seenBy(ada, { documentId: one })).map(({ sequence }) => sequence - head)).toEqual([3, 1]);
  });

  it('does not cry again when the newest alert of the document and framework says the same', async () => {
    const id = await ada.create();
    expect(await office.file(id, `${contact(1)} ${CARD}`)).toHaveLength(2);
    expect(await office.file(id, `${contact(1)} ${CARD}`)).toEqual([]);
    expect(await office.file(id, `moved: ${CARD} ${contact(1)}`)).toEqual([]);
    const more = await office.file(id, `${contact(1)} ${CARD} ${contact(2)}`);
    expect(more.map(({ framework }) => framework)).toEqual(['GDPR']);
    // The newest counts, and not any.
    expect(await office.file(id, `${contact(1)} ${CARD}`)).toHaveLength(1);
    expect(await office.file(id, 'nothing at all')).toEqual([]);
    expect(
      await office.file(await ada.create(), `${contact(1)} ${CARD}`),
      'of another document',
    ).toHaveLength(2);
  });

  it('raises nothing about a document that is gone, or never was', async () => {
    const id = await ada.create();
    await service.documents.delete(ada.viewer, id);
    expect(await office.file(id, contact(1))).toEqual([]);
    expect(await office.file('never-was', contact(1))).toEqual([]);
    expect(await office.file(await ada.create(), contact(1), 'globex'), 'of another tenant').toEqual([]);
  });

  it('of two instances at once has no hole and no double', async () => {
    const others = openOffice(await desk.open());
    const ids = await Promise.all([0, 1, 2, 3].map(() => ada.create()));
    const [last = 0] = sequencesOf(await office.file(ids[0] ?? '', contact(0)));
    const raised = await Promise.all(
      Array.from({ length: 80 }, (_, index) =>
        (index % 2 ? office : others).file(ids[index % 4] ?? '', contact(100 + index)),
      ),
    );
    expectRange(
      raised.flat().sort((a, b) => a.sequence - b.sequence),
      last + 1,
      last + 80,
    );
  });

  it('holds no value that was found, in the rows or anywhere in the database', async () => {
    const id = await ada.create();
    const values = ['4012888888881881', 'very.private.person@example.org', '078-05-1120'];
    const alerts = await office.file(id, `card ${values[0]}, ${values[1]}, SSN ${values[2]}`);
    expect(alerts).toHaveLength(3);
    const folder = dirname(desk.file);
    const files = (await readdir(folder)).filter((name) => name.startsWith('quire.db'));
    const bytes = Buffer.concat(await Promise.all(files.map((name) => readFile(join(folder, name)))));
    expect(bytes.includes(alerts[0]?.digest ?? 'none'), 'the alerts are in these bytes').toBe(true);
    for (const value of values) expect(bytes.includes(value), value).toBe(false);
    for (const part of ['private.person', '8888', '05-1120']) {
      expect(JSON.stringify(alerts)).not.toContain(part);
    }
  });
});

describe('the list of alerts', () => {
  it('has those of documents that the viewer may read now, newest first', async () => {
    const [open, closed] = [await ada.create(), await ada.create()];
    await share(open, 'bob');
    const raised: AlertRow[] = [];
    for (const [index, id] of [open, closed, open, closed].entries()) {
      raised.push(...(await office.file(id, contact(index))));
    }
    const [one, , three] = raised;
    expect(await seenBy(bob)).toEqual([three, one]);
    expect((await seenBy(ada)).slice(0, 4)).toEqual(raised.toReversed());
    expect(await office.compliance.count(bob.viewer, ALL)).toBe(2);
    await share(closed, 'bob');
    expect(await seenBy(bob), 'whoever comes sees what was before').toEqual(raised.toReversed());
    for (const id of [open, closed]) await service.documents.collaborators.remove(ada.viewer, id, 'bob');
    expect(await seenBy(bob)).toEqual([]);
    expect(await office.compliance.count(bob.viewer, ALL)).toBe(0);
  });

  it('[P9] has nothing of another tenant, though all ids are the same', async () => {
    const id = await ada.create();
    await office.file(id, contact(1));
    await service.as('ada', 'initech').create('', id);
    expect(await seenBy(service.as('ada', 'initech'))).toEqual([]);
    await office.file(id, CARD, 'initech');
    expect((await seenBy(service.as('ada', 'initech'))).map(({ framework }) => framework)).toEqual([
      'PCI_DSS',
    ]);
    expect((await seenBy(ada, { documentId: id })).map(({ framework }) => framework)).toEqual(['GDPR']);
  });

  it('is filtered by document, framework and severity, all at once', async () => {
    const cem = service.as('cem');
    const [one, two] = [await cem.create(), await cem.create()];
    for (const id of [one, two]) await office.file(id, `${contact(1)} ${CARD}`);
    const kinds = async (filter: Partial<AlertFilter>) =>
      (await seenBy(cem, filter)).map(({ documentId, framework }) => [documentId, framework]);
    expect(await kinds({ documentId: one })).toEqual([
      [one, 'PCI_DSS'],
      [one, 'GDPR'],
    ]);
    expect(await kinds({ framework: 'GDPR' })).toEqual([
      [two, 'GDPR'],
      [one, 'GDPR'],
    ]);
    expect(await kinds({ minSeverity: 8, documentId: two })).toEqual([[two, 'PCI_DSS']]);
    expect(await kinds({ minSeverity: 9 })).toEqual([]);
    expect(await office.compliance.count(cem.viewer, { ...ALL, minSeverity: 8 })).toBe(2);
  });

  it('comes in pages that fit together, whatever is raised between them', async () => {
    const dan = service.as('dan');
    const id = await dan.create();
    for (let index = 0; index < 25; index += 1) await office.file(id, contact(index));
    const all = await seenBy(dan);
    const got: AlertRow[] = [];
    for (let before: number | null = null; got.length < 25; before = got.at(-1)?.sequence ?? null) {
      const page = await office.compliance.page(dan.viewer, ALL, 10, before);
      expect(page.length).toBe(Math.min(11, 25 - got.length));
      got.push(...page.slice(0, 10));
      await office.file(id, contact(1_000 + got.length));
    }
    expect(got).toEqual(all);
  });

  it('has nothing of a document that was deleted', async () => {
    const eve = service.as('eve');
    const id = await eve.create();
    await office.file(id, contact(1));
    await service.documents.delete(eve.viewer, id);
    expect(await seenBy(eve)).toEqual([]);
  });
});

describe('acknowledging', () => {
  const acknowledge = (person: Person, sequence: number | null) =>
    office.compliance.acknowledge(person.viewer, sequence);

  it('is for editors of the document; who was first stays', async () => {
    const id = await ada.create();
    await share(id, 'bob', 'EDITOR');
    await share(id, 'vic');
    const [alert] = await office.file(id, contact(1));
    const sequence = alert?.sequence ?? 0;
    await expectRefusal(acknowledge(service.as('vic'), sequence), 'FORBIDDEN');
    expect((await seenBy(ada, { documentId: id }))[0]?.acknowledgedBy).toBe(null);
    service.clock.advance(5);
    const at = service.clock.now();
    const first = { ...alert, acknowledgedBy: 'bob', acknowledgedAt: at };
    expect(await acknowledge(bob, sequence)).toEqual(first);
    service.clock.advance(5);
    expect(await acknowledge(ada, sequence)).toEqual(first);
    expect(await seenBy(service.as('vic'), { documentId: id })).toEqual([first]);
  });

  it('by two at once, on two instances, has one of them, and tells both who', async () => {
    const elsewhere = openOffice(await desk.open());
    const id = await ada.create();
    await share(id, 'bob', 'EDITOR');
    for (let round = 0; round < 20; round += 1) {
      const [alert] = await office.file(id, contact(round));
      const sequence = alert?.sequence ?? 0;
      const [one, two] = await Promise.all([
        acknowledge(ada, sequence),
        elsewhere.compliance.acknowledge(bob.viewer, sequence),
      ]);
      expect(['ada', 'bob']).toContain(one.acknowledgedBy);
      expect(two).toEqual(one);
      expect((await seenBy(ada, { documentId: id }))[0]).toEqual(one);
    }
  });

  it('[P9] answers the same for what is not there, not readable, of another tenant, or deleted', async () => {
    const [secret, gone] = [await ada.create(), await ada.create()];
    const [ofSecret] = await office.file(secret, contact(1));
    const [ofGone] = await office.file(gone, contact(1));
    await service.documents.delete(ada.viewer, gone);
    const failures: unknown[] = [];
    for (const [person, sequence] of [
      [bob, 999_999],
      [bob, 0],
      [bob, null],
      [bob, ofSecret?.sequence ?? 0],
      [ada, ofGone?.sequence ?? 0],
      [service.as('ada', 'hooli'), ofSecret?.sequence ?? 0],
    ] as const) {
      failures.push(await acknowledge(person, sequence).catch((error: unknown) => error));
    }
    for (const failure of failures) expect(failure).toMatchObject({ code: 'NOT_FOUND' });
    expect(new Set(failures.map((failure) => (failure as Error).message)).size).toBe(1);
  });
});

describe('an id', () => {
  it('[P11] is a whole number written as everybody writes it', () => {
    expect(['0', '1', '42', '999999999999999'].map(toSequence)).toEqual([0, 1, 42, 999_999_999_999_999]);
    for (const id of ['', '-1', '01', '1.0', '1e3', ' 1', '1\n', '٣', '9'.repeat(16), 'x', '__proto__']) {
      expect(toSequence(id), JSON.stringify(id)).toBe(null);
    }
  });
});
