import { describe, expect, it } from 'vitest';
import type { SendOptions, UploadedDocument } from '../../src/console/uploads/send-file.ts';
import { createUploads, MAX_FILES } from '../../src/console/uploads/uploads.ts';
import { ConnectionLost, OperationError } from '../../src/sdk/errors.ts';

interface Sent {
  readonly name: string;
  readonly options: SendOptions;
  readonly succeed: () => void;
  readonly fail: (error: Error) => void;
}

const documentOf = (name: string): UploadedDocument => ({
  id: name,
  title: name,
  contentLength: 0,
  revision: 0,
  viewerRole: 'OWNER',
  createdBy: { id: 'ada', name: 'Ada' },
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
});

const files = (...names: string[]): File[] => names.map((name) => new File(['text'], name));
const unauthenticated = new OperationError([{ message: 'No.', extensions: { code: 'UNAUTHENTICATED' } }]);
/** Lets everything run that needs nothing but a turn. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const stage = () => {
  const sent: Sent[] = [];
  const expired: string[] = [];
  const session = {
    token: async () => `token ${expired.length}`,
    expire: (token: string) => void expired.push(token),
  };
  const uploads = createUploads(
    session,
    (file, options) =>
      new Promise((resolve, reject) => {
        options.signal.addEventListener('abort', () => reject(options.signal.reason as Error));
        sent.push({
          name: file.name,
          options,
          succeed: () => resolve(documentOf(file.name)),
          fail: reject,
        });
      }),
  );
  const states = () => uploads.list.current.map(({ name, state }) => `${name} ${state}`);
  return { uploads, sent, expired, states };
};

describe('uploads', () => {
  it('go three at a time, in the order of asking', async () => {
    const { uploads, sent, states } = stage();
    uploads.add(files('a', 'b', 'c', 'd', 'e'));
    await settle();
    expect(states()).toEqual(['a sending', 'b sending', 'c sending', 'd waiting', 'e waiting']);
    sent[1]?.succeed();
    await settle();
    expect(states()).toEqual(['a sending', 'b done', 'c sending', 'd sending', 'e waiting']);
    expect(sent.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('tell how far they are, and what came of them', async () => {
    const { uploads, sent } = stage();
    uploads.add(files('a'));
    await settle();
    sent[0]?.options.onProgress(0.25);
    expect(uploads.list.current[0]).toMatchObject({ sent: 0.25, document: null });
    sent[0]?.succeed();
    await settle();
    expect(uploads.list.current[0]).toMatchObject({ sent: 1, document: { id: 'a' }, problem: null });
  });

  it('that fail can be tried again', async () => {
    const { uploads, sent, states } = stage();
    uploads.add(files('a'));
    await settle();
    sent[0]?.fail(new ConnectionLost(1006, ''));
    await settle();
    expect(uploads.list.current[0]?.problem).toMatchObject({ code: 'CONNECTION' });
    uploads.retry(1);
    await settle();
    sent[1]?.succeed();
    await settle();
    expect(states()).toEqual(['a done']);
  });

  it('go again with another token when theirs has expired', async () => {
    const { uploads, sent, expired, states } = stage();
    uploads.add(files('a'));
    await settle();
    sent[0]?.fail(unauthenticated);
    await settle();
    expect(expired).toEqual(['token 0']);
    expect(sent[1]?.options.token).toBe('token 1');
    sent[1]?.succeed();
    await settle();
    expect(states()).toEqual(['a done']);
  });

  it('are stopped when they are taken from the list, and the next one has its place', async () => {
    const { uploads, sent, states } = stage();
    uploads.add(files('a', 'b', 'c', 'd'));
    await settle();
    uploads.remove(1);
    await settle();
    expect(sent[0]?.options.signal.aborted).toBe(true);
    expect(states()).toEqual(['b sending', 'c sending', 'd sending']);
    uploads.close();
    await settle();
    expect(sent.every(({ options }) => options.signal.aborted)).toBe(true);
    expect(states()).toEqual([]);
  });

  it('are so many and no more, and one is told how many had no room', () => {
    const { uploads } = stage();
    const many = Array.from({ length: MAX_FILES + 7 }, (_, n) => `${n}`);
    expect(uploads.add(files(...many))).toBe(7);
    expect(uploads.list.current).toHaveLength(MAX_FILES);
    expect(uploads.add(files('one more'))).toBe(1);
  });

  it('leave the list when they have ended and somebody clears it', async () => {
    const { uploads, sent, states } = stage();
    uploads.add(files('a', 'b'));
    await settle();
    sent[0]?.succeed();
    await settle();
    uploads.clear();
    expect(states()).toEqual(['b sending']);
  });
});
