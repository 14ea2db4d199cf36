import { describe, expect, it } from 'vitest';
import { Replica, ReplicaError } from '../../../src/sdk/text/replica.ts';
import { randomSplice } from '../../support/edits.ts';
import { createLog } from '../../support/log.ts';
import { Random } from '../../support/random.ts';

function replicas(names: string[], text = '') {
  let ids = 0;
  const server = createLog(text);
  const clients = names.map((name) => new Replica({ text, revision: 0 }, () => `${name}-${(ids += 1)}`));
  const send = (client: Replica) => {
    const outgoing = client.takeOutgoing();
    if (outgoing) client.acknowledge(server.commit(outgoing));
  };
  const catchUp = (client: Replica, upTo = server.log.length) => {
    for (const change of server.log.slice(client.revision, upTo)) client.receive(change);
  };
  return { server, clients: clients as [Replica, Replica, ...Replica[]], send, catchUp };
}

describe('Replica', () => {
  it('[P3] concurrent inserts at one place stand in commit order everywhere', () => {
    const { server, clients, send, catchUp } = replicas(['ada', 'linus'], 'hi');
    const [ada, linus] = clients;
    ada.edit({ position: 2, length: 0, content: 'A' });
    linus.edit({ position: 2, length: 0, content: 'L' });
    send(linus);
    send(ada);
    for (const client of clients) catchUp(client);
    expect([server.text(), ada.text, linus.text]).toEqual(['hiLA', 'hiLA', 'hiLA']);
  });

  it('[P3] a deletion that a remote insert has cut in two is confirmed by two revisions', () => {
    const { server, clients, send, catchUp } = replicas(['ada', 'linus'], '0123456789');
    const [ada, linus] = clients;
    linus.edit({ position: 5, length: 0, content: 'X' });
    send(linus);
    ada.edit({ position: 2, length: 6, content: '' });
    send(ada);
    expect(server.log.map(({ revision, position, length }) => [revision, position, length])).toEqual([
      [1, 5, 0],
      [2, 2, 3],
      [3, 3, 3],
    ]);
    for (const client of clients) catchUp(client);
    expect([ada.text, linus.text, ada.saved]).toEqual(['01X89', '01X89', true]);
  });

  it('[P3] a deletion of what is gone already is done without a revision', () => {
    const { server, clients, send, catchUp } = replicas(['ada', 'linus'], 'abc');
    const [ada, linus] = clients;
    linus.edit({ position: 0, length: 3, content: '' });
    send(linus);
    ada.edit({ position: 1, length: 1, content: '' });
    send(ada);
    expect(server.log).toHaveLength(1);
    expect(ada.saved).toBe(false);
    catchUp(ada);
    expect([ada.text, ada.saved, ada.revision]).toEqual(['', true, 1]);
  });

  it('an edit and its undoing in the buffer send nothing', () => {
    const { clients } = replicas(['ada', 'linus']);
    clients[0].edit({ position: 0, length: 0, content: 'x' });
    clients[0].edit({ position: 0, length: 1, content: '' });
    expect(clients[0].takeOutgoing()).toBeNull();
    expect(clients[0].saved).toBe(true);
  });

  it('an insertion longer than a change may be goes out in pieces that cut no character', () => {
    const { server, clients, send, catchUp } = replicas(['ada', 'linus']);
    const long = `x${'🎈'.repeat(70_000)}`;
    clients[0].edit({ position: 0, length: 0, content: long });
    while (!clients[0].saved) {
      send(clients[0]);
      catchUp(clients[0]);
    }
    expect(server.log.length).toBe(3);
    expect(server.log.every(({ content }) => content.isWellFormed() && content.length <= 65_536)).toBe(true);
    expect(server.text()).toBe(long);
  });

  it('[P4] a gap in the log is refused, an old revision is ignored', () => {
    const { clients } = replicas(['ada', 'linus']);
    const change = { position: 0, length: 0, content: 'x', changeId: 'other' };
    clients[0].receive({ ...change, revision: 1 });
    clients[0].receive({ ...change, revision: 1 });
    expect(clients[0].text).toBe('x');
    expect(() => clients[0].receive({ ...change, revision: 3 })).toThrow(ReplicaError);
  });

  it('[P3] 2 to 6 replicas converge over 400 seeds of random edits and delays', () => {
    for (let seed = 1; seed <= 400; seed += 1) {
      const random = new Random(seed);
      const names = Array.from({ length: random.between(2, 6) }, (_, index) => `c${index}`);
      const { server, clients, send, catchUp } = replicas(names, 'The quick 🦊 jumps.\n');
      for (let step = 0; step < 120; step += 1) {
        const client = random.pick(clients);
        if (random.chance(0.5)) client.edit(randomSplice(random, client.text));
        if (random.chance(0.4)) send(client);
        if (random.chance(0.5)) catchUp(client, random.between(client.revision, server.log.length));
      }
      for (let round = 0; clients.some((client) => !client.saved); round += 1) {
        expect(round, `seed ${seed} settles`).toBeLessThan(100);
        for (const client of clients) {
          send(client);
          catchUp(client);
        }
      }
      for (const client of clients) {
        catchUp(client);
        expect(client.text, `seed ${seed}`).toBe(server.text());
      }
    }
  });
});
