import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { createQuireClient, type QuireClient } from '../../src/sdk/client.ts';
import type { SharedText } from '../../src/sdk/text/types.ts';
import type { Splice } from '../../src/text/splice.ts';
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts';
import { createClient } from '../support/client.ts';
import { randomSplice } from '../support/edits.ts';
import { Random } from '../support/random.ts';
import { tokenFor } from '../support/tokens.ts';
import { createShared } from './shared.ts';
import { readStored, type Stored } from './verify.ts';

/** What of the client's pauses is waited for, 1 to 30 s long: so much time has nobody here. */
const JITTER = 0.1;
/** Longest pause between two edits of one person, in milliseconds. */
const MAX_PAUSE_MS = 60;
/** Milliseconds that all may take to be together again once the network is well. */
const SETTLE_MS = 60_000;
/** Marks stand between these; nothing else is made of them. */
const [OPEN, CLOSE] = ['⟦', '⟧'];
const MARK = /⟦[^⟧]*⟧/g;
const USERS = ['ada', 'grace', 'linus'];

export interface SdkChaosOptions {
  readonly url: string;
  readonly seed: number;
  readonly clients: number;
  readonly seconds: number;
}

/** What a run came to. */
export interface SdkChaosCounts {
  readonly edits: number;
  readonly undone: number;
  /** Marks that were typed, and those that are there in the end. */
  readonly typed: number;
  readonly marks: number;
  readonly revisions: number;
  readonly connections: number;
  readonly cuts: number;
  readonly stalls: number;
}

interface Editor {
  readonly name: string;
  readonly random: Random;
  readonly text: SharedText;
  edits: number;
  undone: number;
  typed: number;
  /** Those of one's own marks that must be there. */
  readonly marks: Set<string>;
}

/**
 * Several people edit one document for a while over a network that cuts, delays and stalls: they type marks that nobody
 * else types, type and delete elsewhere, and undo. Rejects unless all are equal in the end, to each other and to the server,
 * and each mark was committed exactly once, and is there exactly once unless somebody deleted it.
 */
export async function sdkChaos({ url, seed, clients, seconds }: SdkChaosOptions): Promise<SdkChaosCounts> {
  const random = new Random(seed);
  const documentId = `chaos-${seed}-${randomUUID()}`;
  const owner = createClient({ url, userId: 'ada' });
  const editors: Editor[] = [];
  const visitors: QuireClient[] = [];
  const errors: unknown[] = [];
  let proxy: ChaosProxy | undefined;
  try {
    await createShared(owner, documentId, USERS);
    const started = await startChaosProxy(url, new Random(seed + 1));
    proxy = started;
    const join = async (number: number): Promise<void> => {
      const name = `c${number}`;
      const client = createQuireClient({
        url: started.url,
        token: () => tokenFor(USERS[number % 3] ?? 'ada'),
        clientId: name,
        webSocket: WebSocket,
        random: () => JITTER,
      });
      visitors.push(client);
      const own = new Random(random.between(1, 1_000_000));
      const text = await client.document(documentId, { onError: (error) => errors.push(error) });
      editors.push({
        name,
        random: own,
        text,
        edits: 0,
        undone: 0,
        typed: 0,
        marks: new Set(),
      });
    };
    await Promise.all(Array.from({ length: clients }, (_, index) => join(index)));

    const until = performance.now() + seconds * 1_000;
    await Promise.all(editors.map((editor) => type(editor, until)));
    started.heal();
    const late = setTimeout(SETTLE_MS, undefined, { ref: false }).then(() => {
      const states = editors.map(({ name, text }) => `${name} ${text.status.current} ${text.revision}`);
      throw new Error(`not settled after ${SETTLE_MS} ms: ${states.join(', ')}`);
    });
    const settled = settle(editors, () => readStored(owner, documentId));
    const stored = await Promise.race([settled, late]);
    const counts = verify(editors, stored);
    if (errors.length > 0) throw new Error(`beside the text: ${String(errors[0])}`);
    return { ...counts, ...started.counts, revisions: stored.revision };
  } finally {
    await Promise.all(editors.map(({ text }) => text.close()));
    await Promise.all([owner.close(), ...visitors.map((client) => client.close())]);
    await proxy?.close();
  }
}

/**
 * Types until the time is over. Nobody edits inside a mark, or deletes one that is not their own: what must be there in
 * the end is known without asking a replica, but for what an undo takes or brings, which is seen at once.
 */
async function type(editor: Editor, until: number): Promise<void> {
  const { random, text, name, marks } = editor;
  while (performance.now() < until) {
    if (text.ended) throw text.ended;
    const dice = random.next();
    if (dice < 0.45) {
      const mark = `${OPEN}${name}.${editor.edits}${CLOSE}`;
      text.edit({ ...outsideOfMarks(text.text, random), length: 0, content: mark });
      editor.typed += 1;
      marks.add(mark);
    } else if (dice < 0.55) travel(editor, random.chance(0.7) ? 'undo' : 'redo');
    else if (dice < 0.65) deleteMark(editor);
    else text.edit(outsideOfMarks(text.text, random));
    if (random.chance(0.3)) text.moveCursor(random.between(0, text.length));
    editor.edits += 1;
    await setTimeout(random.between(1, MAX_PAUSE_MS));
  }
}

/** Undoes or does again, and notes which marks are gone or back. */
function travel(editor: Editor, way: 'undo' | 'redo'): void {
  const { text, marks, name } = editor;
  const before = new Set(marksIn(text.text, name));
  if (!text[way]()) return;
  editor.undone += 1;
  const after = new Set(marksIn(text.text, name));
  for (const mark of before) if (!after.has(mark)) marks.delete(mark);
  for (const mark of after) if (!before.has(mark)) marks.add(mark);
}

function deleteMark({ text, marks, random }: Editor): void {
  if (marks.size === 0) return;
  const mark = random.pick([...marks]);
  const position = text.text.indexOf(mark);
  if (position < 0) throw new Error(`${mark} is not in the text of who typed it`);
  text.edit({ position, length: mark.length, content: '' });
  marks.delete(mark);
}

/** A random edit of what stands between two marks. */
function outsideOfMarks(text: string, random: Random): Splice {
  const gaps: { readonly from: number; readonly text: string }[] = [];
  let from = 0;
  for (const { index, 0: mark } of text.matchAll(MARK)) {
    gaps.push({ from, text: text.slice(from, index) });
    from = index + mark.length;
  }
  gaps.push({ from, text: text.slice(from) });
  const gap = random.pick(gaps);
  const splice = randomSplice(random, gap.text);
  return { ...splice, position: gap.from + splice.position };
}

const marksIn = (text: string, name: string): string[] =>
  [...text.matchAll(MARK)].flatMap(({ 0: mark }) => (mark.startsWith(`${OPEN}${name}.`) ? mark : []));

/** Resolves with what the server holds when everybody has it. */
async function settle(editors: readonly Editor[], read: () => Promise<Stored>): Promise<Stored> {
  await Promise.all(editors.map(({ text }) => text.saved()));
  const stored = await read();
  await Promise.all(editors.map(({ text }) => text.reached(stored.revision)));
  return stored;
}

/** Throws unless all are equal, and the marks that are there are those that must be, each once. */
function verify(editors: readonly Editor[], { content, revision }: Stored) {
  for (const { name, text, marks } of editors) {
    if (text.text !== content)
      throw new Error(`${name} at ${text.revision} differs from the server at ${revision}`);
    const found = marksIn(content, name);
    const twice = found.find((mark, index) => found.indexOf(mark) !== index);
    if (twice !== undefined) throw new Error(`${twice} is there twice`);
    const lost = [...marks].find((mark) => !found.includes(mark));
    if (lost !== undefined) throw new Error(`${lost} is lost`);
    const back = found.find((mark) => !marks.has(mark));
    if (back !== undefined) throw new Error(`${back} was deleted and is there`);
  }
  const sum = (of: (editor: Editor) => number): number =>
    editors.reduce((total, editor) => total + of(editor), 0);
  return {
    edits: sum(({ edits }) => edits),
    undone: sum(({ undone }) => undone),
    typed: sum(({ typed }) => typed),
    marks: sum(({ marks }) => marks.size),
  };
}
