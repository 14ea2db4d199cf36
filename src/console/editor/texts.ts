import type { QuireClient } from '../../sdk/client.ts';
import { OperationError } from '../../sdk/errors.ts';
import type { SharedText } from '../../sdk/text/types.ts';
import type { Credentials, User } from '../session/session.ts';

/** A text that is open, and the client that it is open by. */
export interface OpenText {
  readonly shared: SharedText;
  readonly client: QuireClient;
}

/** The texts that a user opens, all by one client. */
export interface Texts {
  /**
   * Opens a document's text until the signal. Rejects with OperationError or ConnectionLost, and with the signal's reason.
   * What was open before is closed then: a draft has one text at a time.
   */
  open(documentId: string, signal: AbortSignal): Promise<OpenText>;
  close(): void;
}

/** What the text tells by itself needs no second word. */
const report = (error: unknown): void => {
  if (!(error instanceof OperationError)) console.error(error);
};

/** The client is made when the first text is opened, and anew when it has ended for good (its token was refused). */
export function createTexts(credentials: Credentials, user: User): Texts {
  let client: Promise<QuireClient> | null = null;
  let before: Promise<unknown> = Promise.resolve();
  let closed = false;

  async function present(): Promise<QuireClient> {
    const known = await client;
    if (known && known.connection.current.state !== 'closed') return known;
    // It comes with the editor, and not before.
    client = import('./make-client.ts').then(({ makeClient }) => makeClient(credentials));
    return client;
  }

  async function openNow(documentId: string, signal: AbortSignal): Promise<OpenText> {
    signal.throwIfAborted();
    const { draftsOf } = await import('./make-client.ts');
    const used = await present();
    if (closed) void used.close();
    const shared = await used.document(documentId, { drafts: draftsOf(user), onError: report });
    const close = (): void => {
      before = Promise.all([before, shared.close()]);
    };
    if (signal.aborted) {
      await shared.close();
      signal.throwIfAborted();
    }
    signal.addEventListener('abort', close, { once: true });
    return { shared, client: used };
  }

  return {
    open(documentId, signal) {
      const opening = before.then(() => openNow(documentId, signal));
      before = opening.catch(() => {});
      return opening;
    },
    close() {
      closed = true;
      void before.then(async () => (await client)?.close());
    },
  };
}
