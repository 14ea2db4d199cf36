import { describe, expect, it } from 'vitest';
import { type Answer, connectSharedText, type TextLink } from '../../src/sdk/connected-text.ts';
import { ConnectionLost, OperationError } from '../../src/sdk/errors.ts';
import type { ChangeFieldsFragment } from '../../src/sdk/generated.ts';
import { createInbox, type Inbox } from '../../src/sdk/inbox.ts';
import type { OutgoingChange } from '../../src/sdk/shared-text.ts';

const refused = (code: string): OperationError =>
  new OperationError([{ message: code, extensions: { code } }]);
const lost = new ConnectionLost(1006, '');

/** A server that holds no text, whose stream and answers are in the hands of the test. */
function scriptedLink() {
  const sent: OutgoingChange[] = [];
  const afters: number[] = [];
  const failures: Error[] = [];
  let stream: Inbox<ChangeFieldsFragment> = createInbox(() => {});
  const link: TextLink = {
    open: async () => ({ text: '', revision: 0 }),
    changes(after) {
      afters.push(after);
      stream = createInbox(() => {});
      return stream;
    },
    async send(change): Promise<Answer> {
      sent.push(change);
      const failure = failures.shift();
      if (failure) throw failure;
      const [splice] = change.splices;
      const revision = change.baseRevision + 1;
      const logged = { revision, changeId: change.changeId, userId: 'ada', clientId: null, timestamp: '' };
      const changes = splice ? [{ ...logged, ...splice }] : [];
      for (const one of changes) stream.push(one);
      return { changeId: change.changeId, revision, count: changes.length, replayed: false, changes };
    },
    close: async () => stream.end(),
  };
  return { link, sent, afters, failures, breakStream: () => stream.fail(lost) };
}

function connect(link: TextLink, onRetry: (error: Error) => void = () => {}) {
  let ids = 0;
  return connectSharedText(link, { newChangeId: () => `change-${(ids += 1)}`, retryMs: 1, onRetry });
}

const hello = { position: 0, length: 0, content: 'hello' };

describe('connectSharedText', () => {
  it('[P2] a change whose answer was lost is sent again as it is', async () => {
    const { link, sent, failures } = scriptedLink();
    failures.push(lost, refused('UNAVAILABLE'), refused('RATE_LIMITED'));
    const retries: Error[] = [];
    const document = await connect(link, (error) => retries.push(error));
    document.edit(hello);
    await document.saved();
    expect(sent).toHaveLength(4);
    expect(new Set(sent)).toEqual(new Set([sent[0]]));
    expect(retries).toHaveLength(3);
    await document.close();
  });

  it('[P4] a stream that broke is resumed behind what the replica has', async () => {
    const { link, afters, breakStream } = scriptedLink();
    const document = await connect(link);
    document.edit(hello);
    await document.saved();
    breakStream();
    await expect.poll(() => afters).toEqual([0, 1]);
    await document.close();
  });

  it('[P11] a change that is refused ends it and tells who waits', async () => {
    const { link, failures } = scriptedLink();
    const refusal = refused('FORBIDDEN');
    failures.push(refusal);
    const document = await connect(link);
    document.edit(hello);
    await expect(document.saved()).rejects.toBe(refusal);
    expect(document.ended).toBe(refusal);
    await document.close();
  });

  it('edits that undo each other are saved without being sent', async () => {
    const { link, sent } = scriptedLink();
    const document = await connect(link);
    document.edit(hello);
    document.edit({ position: 0, length: 5, content: '' });
    await document.saved();
    expect(sent).toEqual([]);
    await document.close();
  });

  it('closing it lets go of who waits', async () => {
    const { link } = scriptedLink();
    const document = await connect(link);
    const waiting = document.reached(7);
    await Promise.all([expect(waiting).rejects.toThrow('closed'), document.close()]);
    await document.close();
  });
});
