// Another process that edits a document of the test's file, as a second instance of the server does.
//
//   documents-process.ts <file> <user> <document> <changes>
//
// It prints one JSON line for each acknowledged change, `{"changeId","revision","splices"}`; then, when it is told so by
// a line on its standard input, the text as it knows it: `{"text","revision"}`.
import { once } from 'node:events';
import type { ChangeInput } from '../../src/documents/change.ts';
import { openService, type Person } from './documents.ts';
import { Random } from './random.ts';

/** Changes that are under way at once. */
const AT_ONCE = 6;
/** Revisions by which a change is based behind what this process knows, at most. */
const MAX_STALE = 25;

const [file = '', user = '', documentId = '', count = '0'] = process.argv.slice(2);

/** A random change that fits the text of some older revision: the lengths are all that this needs to know. */
function randomChange(random: Random, lengths: readonly number[], tag: string) {
  const newest = lengths.length - 1;
  const base = Math.max(1, newest - random.between(0, MAX_STALE));
  const length = lengths[base] ?? 0;
  const position = random.between(0, length);
  const removed = random.chance(0.4) ? Math.min(random.between(1, 6), length - position) : 0;
  const change: ChangeInput =
    removed === 0
      ? { changeType: 'INSERT', position, content: `${tag};` }
      : random.chance(0.5)
        ? { changeType: 'DELETE', position, length: removed }
        : { changeType: 'REPLACE', position, length: removed, content: '~' };
  return { base, change };
}

/** Sends its share of the changes, one at a time. */
async function work(person: Person, mine: readonly number[]): Promise<void> {
  const lengths: number[] = [0];
  for (const index of mine) {
    for (const change of await person.logAfter(documentId, lengths.length - 1)) {
      lengths.push((lengths.at(-1) ?? 0) + change.content.length - change.length);
    }
    const changeId = `${user}-${index}`;
    const { base, change } = randomChange(new Random(index * 31 + user.length), lengths, changeId);
    const { revision, changes } = await person.apply(documentId, [change], { base, changeId });
    process.stdout.write(`${JSON.stringify({ changeId, revision, splices: changes.length })}\n`);
  }
}

const service = await openService(file);
const person = service.as(user);
const indexes = Array.from({ length: Number(count) }, (_, index) => index);
await Promise.all(
  Array.from({ length: AT_ONCE }, (_, lane) =>
    work(
      person,
      indexes.filter((index) => index % AT_ONCE === lane),
    ),
  ),
);
process.stdout.write('done\n');
await once(process.stdin, 'data');
const { revision } = await person.row(documentId);
process.stdout.write(`${JSON.stringify({ text: await person.text(documentId), revision })}\n`);
process.stdin.destroy();
await service.close();
