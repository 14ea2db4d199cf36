import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDesk, type Desk, expectContiguous, replay } from '../support/documents.ts';

const SCRIPT = fileURLToPath(new URL('../support/documents-process.ts', import.meta.url));

interface Acknowledged {
  readonly changeId: string;
  readonly revision: number;
  readonly splices: number;
}

let desk: Desk;
const children: ChildProcess[] = [];

beforeEach(async () => {
  desk = await createDesk();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await desk.close();
});

function start(user: string, documentId: string, count: number) {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', SCRIPT, desk.file, user, documentId, String(count)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  children.push(child);
  return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator](), exit: once(child, 'exit') };
}

/** The next line that a process says. */
async function line({ lines }: ReturnType<typeof start>): Promise<string> {
  const result = await lines.next();
  if (result.done) throw new Error('The process has ended.');
  return result.value;
}

/** What a process acknowledges until it is done. */
async function acknowledgements(process: ReturnType<typeof start>): Promise<Acknowledged[]> {
  const all: Acknowledged[] = [];
  for (let said = await line(process); said !== 'done'; said = await line(process)) {
    all.push(JSON.parse(said) as Acknowledged);
  }
  return all;
}

describe('two processes on one file', () => {
  it('[P1][P3][P5] append to one document at once: every change once, one order, one text', async () => {
    const COUNT = 300;
    const service = await desk.open();
    const ada = service.as('ada');
    const id = await ada.create('The first text.');
    await service.documents.collaborators.add(ada.viewer, id, 'bob', 'EDITOR');
    const processes = [start('ada', id, COUNT), start('bob', id, COUNT)];
    const acknowledged = (await Promise.all(processes.map(acknowledgements))).flat();

    const log = await ada.log(id);
    expectContiguous(log);
    expect(acknowledged).toHaveLength(2 * COUNT);
    for (const { changeId, revision, splices } of acknowledged) {
      const made = log.filter((change) => change.changeId === changeId).map((change) => change.revision);
      const expected = Array.from({ length: splices }, (_, index) => revision - splices + index + 1);
      expect(made, changeId).toEqual(expected);
    }
    expect(log).toHaveLength(1 + acknowledged.reduce((sum, { splices }) => sum + splices, 0));

    const text = replay(log);
    expect(await ada.text(id)).toBe(text);
    for (const process of processes) {
      process.child.stdin?.write('now\n');
      expect(JSON.parse(await line(process))).toEqual({ text, revision: log.length });
      expect(await process.exit).toEqual([0, null]);
    }
    // The two were at it at the same time: their changes are mixed, and some were made on older texts.
    const turnsTaken = log.filter((change, index) => index > 0 && change.userId !== log[index - 1]?.userId);
    expect(turnsTaken.length).toBeGreaterThan(5);
  });

  it('[P1][P2] what was acknowledged before kill -9 is there, each change with its receipt', async () => {
    const service = await desk.open();
    const ada = service.as('ada');
    const id = await ada.create('The first text.');
    const process = start('ada', id, 100_000);
    const acknowledged: Acknowledged[] = [];
    while (acknowledged.length < 60) acknowledged.push(JSON.parse(await line(process)) as Acknowledged);
    process.child.kill('SIGKILL');
    expect(await process.exit).toEqual([null, 'SIGKILL']);

    const log = await ada.log(id);
    expectContiguous(log);
    for (const { changeId, splices } of acknowledged) {
      expect(
        log.filter((change) => change.changeId === changeId),
        changeId,
      ).toHaveLength(splices);
    }
    const receipts = await service.query
      .selectFrom('document_receipts')
      .select('change_id')
      .where('document_id', '=', id)
      .execute();
    const known = new Set(receipts.map((row) => row.change_id));
    expect(acknowledged.filter(({ changeId }) => !known.has(changeId))).toEqual([]);
    // A log row of a change without its receipt, or the other way round, would be a change that may apply twice.
    expect(log.slice(1).filter(({ changeId }) => !known.has(changeId))).toEqual([]);
    expect(await ada.text(id)).toBe(replay(log));
  });
});
