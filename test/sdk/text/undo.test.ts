import { describe, expect, it } from 'vitest';
import { Replica } from '../../../src/sdk/text/replica.ts';
import { createUndoHistory, MAX_UNDO_CHARS, MAX_UNDO_STEPS } from '../../../src/sdk/text/undo.ts';
import { changeOf, type Splice, toText } from '../../../src/text/splice.ts';
import { randomSplice } from '../../support/edits.ts';
import { createLog } from '../../support/log.ts';
import { Random } from '../../support/random.ts';

const SEEDS = 400;
/** Each character that anybody types is another one, so that it is known in the end whose it was. */
const FIRST_CHARACTER = 0x4e00;
const START = 'The quick fox.\n';

/** Somebody with a replica and a history, and somebody else with a replica, at one log. */
function pair(random: Random) {
  const server = createLog(START);
  let now = 0;
  let ids = 0;
  let characters = FIRST_CHARACTER;
  const replica = (name: string) => new Replica({ text: START, revision: 0 }, () => `${name}-${(ids += 1)}`);
  const own = replica('own');
  const other = replica('other');
  const history = createUndoHistory(() => now);
  const next = (count: number): string =>
    Array.from({ length: count }, () => String.fromCharCode((characters += 1))).join('');

  const send = (who: Replica): void => {
    const outgoing = who.takeOutgoing();
    if (outgoing) who.acknowledge(server.commit(outgoing));
  };
  const catchUp = (who: Replica, upTo: number): void => {
    for (const logged of server.log.slice(who.revision, upTo)) {
      const change = who.receive(logged);
      if (change && who === own) history.pass(change);
    }
  };
  return {
    server,
    own,
    other,
    history,
    send,
    catchUp,
    /** Types something that fits, and is told from all else by its characters. */
    editUniquely(): void {
      const position = random.between(0, own.doc.length);
      const length = random.chance(0.4) ? random.between(0, Math.min(4, own.doc.length - position)) : 0;
      const content = length > 0 && random.chance(0.6) ? '' : next(random.between(1, 3));
      this.edit({ position, length, content });
    },
    edit(splice: Splice): void {
      now += random.pick([10, 1_000]);
      const change = changeOf(own.doc.length, splice);
      history.record(change.invert(own.doc));
      own.apply(change);
    },
    travel(side: 'undo' | 'redo'): boolean {
      const change = history.take(side, (way) => way.invert(own.doc));
      if (change) own.apply(change);
      return change !== null;
    },
    /** The other one types, and deletes of what is there; returns what was typed. */
    meddle(mayDelete: (at: number) => boolean): { typed: string; deleted: string } {
      const position = random.between(0, other.doc.length);
      let length = random.chance(0.4) ? random.between(0, Math.min(4, other.doc.length - position)) : 0;
      for (let at = position; at < position + length; at += 1) if (!mayDelete(at)) length = 0;
      const content = length > 0 && random.chance(0.6) ? '' : next(random.between(1, 3));
      const deleted = other.doc.sliceString(position, position + length);
      other.edit({ position, length, content });
      return { typed: content, deleted };
    },
    settle(): void {
      for (let round = 0; round < 20 && !(own.saved && other.saved); round += 1) {
        for (const who of [own, other]) {
          send(who);
          catchUp(who, server.log.length);
        }
      }
      for (const who of [own, other]) catchUp(who, server.log.length);
    },
  };
}

const sorted = (text: string): string => [...text].sort().join('');

describe('undo', () => {
  it(`undoing all of one's own edits leaves exactly what the others did, over ${SEEDS} seeds`, () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const random = new Random(seed);
      const at = pair(random);
      const ownEver = new Set<string>();
      let others = '';
      let deleted = '';
      for (let step = 0; step < 60; step += 1) {
        if (random.chance(0.4)) {
          const before = at.own.text;
          at.editUniquely();
          for (const one of at.own.text) if (!before.includes(one)) ownEver.add(one);
        }
        if (random.chance(0.4)) {
          // What both delete at one time comes back with the undo of one of them; so the other deletes own typing here.
          const text = at.other.text;
          const done = at.meddle((place) => ownEver.has(text.charAt(place)));
          others += done.typed;
          deleted += done.deleted;
        }
        if (random.chance(0.3)) at.send(random.pick([at.own, at.other]));
        if (random.chance(0.5)) at.catchUp(at.own, random.between(at.own.revision, at.server.log.length));
        if (random.chance(0.5)) at.catchUp(at.other, random.between(at.other.revision, at.server.log.length));
      }
      expect(deleted === '' || [...deleted].every((one) => ownEver.has(one)), `seed ${seed}`).toBe(true);
      if (random.chance(0.5)) at.settle();
      while (at.history.canUndo) expect(at.travel('undo'), `seed ${seed}`).toBe(true);
      at.settle();
      expect(at.own.text, `seed ${seed} converges`).toBe(at.server.text());
      expect(sorted(at.own.text), `seed ${seed}`).toBe(sorted(START + others));
    }
  });

  it(`undo and then redo is as if nothing had been done, over ${SEEDS} seeds`, () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const random = new Random(seed);
      const at = pair(random);
      for (let step = 0; step < 30; step += 1) {
        if (random.chance(0.6)) at.editUniquely();
        if (random.chance(0.4)) at.meddle(() => true);
        at.send(at.other);
        at.send(at.own);
        if (random.chance(0.5)) at.catchUp(at.own, at.server.log.length);
        if (random.chance(0.5)) at.catchUp(at.other, at.server.log.length);
      }
      const before = at.own.text;
      let steps = 0;
      while (at.travel('undo')) steps += 1;
      for (; steps > 0; steps -= 1) expect(at.travel('redo'), `seed ${seed}`).toBe(true);
      expect(at.own.text, `seed ${seed}`).toBe(before);
      expect(at.history.canRedo).toBe(false);
      at.settle();
      expect(at.own.text, `seed ${seed} converges`).toBe(at.server.text());
    }
  });

  it(`it never throws, whatever comes between undo and redo, over ${SEEDS} seeds`, () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const random = new Random(seed);
      const at = pair(random);
      for (let step = 0; step < 80; step += 1) {
        const dice = random.next();
        if (dice < 0.3) at.edit(randomSplice(random, at.own.text));
        else if (dice < 0.45) at.travel('undo');
        else if (dice < 0.55) at.travel('redo');
        else if (dice < 0.8) at.other.edit(randomSplice(random, at.other.text));
        at.send(random.pick([at.own, at.other]));
        at.catchUp(random.pick([at.own, at.other]), at.server.log.length);
      }
      at.settle();
      expect(at.own.text, `seed ${seed} converges`).toBe(at.server.text());
    }
  });

  it('typing in one place within half a second is one step; elsewhere, or later, it is another', () => {
    let now = 0;
    const history = createUndoHistory(() => now);
    let doc = toText('');
    const type = (position: number, content: string, ms: number): void => {
      now += ms;
      const change = changeOf(doc.length, { position, length: 0, content });
      history.record(change.invert(doc));
      doc = change.apply(doc);
    };
    const undo = (): string => {
      doc = history.take('undo', (way) => way.invert(doc))?.apply(doc) ?? doc;
      return doc.toString();
    };
    type(0, 'a', 0);
    type(1, 'b', 499);
    type(2, 'c', 499);
    type(3, 'd', 500);
    type(0, 'e', 10);
    expect(doc.toString()).toBe('eabcd');
    expect([undo(), undo(), undo(), undo()]).toEqual(['abcd', 'abc', '', '']);
  });

  it(`keeps ${MAX_UNDO_STEPS} steps, and no more than so many characters of what was deleted`, () => {
    let now = 0;
    const history = createUndoHistory(() => (now += 1_000));
    let doc = toText('');
    const apply = (position: number, length: number, content: string): void => {
      const change = changeOf(doc.length, { position, length, content });
      history.record(change.invert(doc));
      doc = change.apply(doc);
    };
    for (let step = 0; step < MAX_UNDO_STEPS + 50; step += 1) apply(doc.length, 0, 'x');
    while (history.canUndo) doc = history.take('undo', (way) => way.invert(doc))?.apply(doc) ?? doc;
    expect(doc.toString()).toBe('x'.repeat(50));
    apply(0, 0, 'y'.repeat(MAX_UNDO_CHARS + 1));
    apply(0, MAX_UNDO_CHARS + 1, '');
    expect(history.canUndo).toBe(false);
  });
});
