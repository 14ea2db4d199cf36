import { WebSocket } from 'ws';
import { createQuireClient, type QuireClient, type QuireClientOptions } from '../../src/sdk/client.ts';
import type { ConnectionState } from '../../src/sdk/connection-state.ts';
import {
  AddCollaboratorDocument,
  ApplyDocumentChangeDocument,
  CreateDocumentDocument,
  DocumentChangesDocument,
} from '../../src/sdk/generated.ts';
import { createClient } from '../support/client.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/raw-socket.ts';
import { type TokenOptions, tokenFor } from '../support/tokens.ts';

export interface VisitorOptions extends Omit<Partial<QuireClientOptions>, 'clock'> {
  readonly userId?: string;
  readonly claims?: () => TokenOptions;
}

/** Somebody with the SDK's client, whose clock is turned by hand and whose jitter is none. */
export interface Visitor {
  readonly client: QuireClient;
  readonly clock: ManualClock;
  /** All states that the connection has had since it began. */
  readonly states: readonly ConnectionState[];
  /** How often a token was asked for. */
  readonly tokens: () => number;
  /** Sockets that are open, or opening. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** Breaks all sockets: no close frame, and what is on its way is lost. */
  drop(): void;
}

/** Lets somebody in; nothing is sent yet. */
export function visit(
  url: string,
  { userId = 'bob', claims = () => ({}), ...options }: VisitorOptions = {},
): Visitor {
  const clock = createManualClock();
  const sockets = new Set<WebSocket>();
  let asked = 0;
  class Counted extends WebSocket {
    constructor(address: string, protocols?: string | string[]) {
      super(address, protocols);
      sockets.add(this);
      this.once('close', () => sockets.delete(this));
    }
  }
  const client = createQuireClient({
    url,
    token: () => {
      asked += 1;
      return tokenFor(userId, claims());
    },
    webSocket: Counted,
    clock,
    random: () => 0,
    ...options,
  });
  const states: ConnectionState[] = [client.connection.current];
  client.connection.subscribe((state) => states.push(state));
  return {
    client,
    clock,
    states,
    tokens: () => asked,
    sockets,
    drop: () => sockets.forEach((socket) => socket.terminate()),
  };
}

/** A document of Ada's that Bob may read, and Ada, who writes into it. */
export async function openDesk(url: string, documentId: string) {
  const ada = createClient({ url, userId: 'ada', clientId: 'desk' });
  await ada.request(CreateDocumentDocument, { input: { id: documentId, title: 'Notes' } });
  await ada.request(AddCollaboratorDocument, { documentId, userId: 'bob', role: 'EDITOR' });
  let revision = 0;

  /** Writes one revision; resolves with it. */
  const write = async (content = 'x'): Promise<number> => {
    const change = { changeType: 'INSERT', position: 0, content } as const;
    const { applyDocumentChange } = await ada.request(ApplyDocumentChangeDocument, { documentId, change });
    revision = applyDocumentChange.revision;
    return revision;
  };

  return {
    documentId,
    ada,
    write,
    /** Writes without a pause until the returned function is called, which resolves with the newest revision. */
    writeOn(): () => Promise<number> {
      let isWriting = true;
      const writing = (async () => {
        while (isWriting) await write();
      })();
      // Told to who stops it.
      writing.catch(() => {});
      return async () => {
        isWriting = false;
        await writing;
        return revision;
      };
    },
    close: () => ada.close(),
  };
}

/** Reads a document's log from its beginning, in the background. */
export function readLog(
  { client }: Visitor,
  documentId: string,
  variables: { after?: number } = { after: 0 },
) {
  const revisions: number[] = [];
  let failure: unknown;
  const stream = client.subscribe(DocumentChangesDocument, { documentId, echo: true, ...variables });
  const reading = (async () => {
    for await (const { documentChanges } of stream) revisions.push(documentChanges.revision);
  })().catch((error: unknown) => {
    failure = error;
  });
  return {
    revisions,
    reading,
    failure: () => failure,
    reaches: (revision: number) =>
      until(
        () => (revisions.at(-1) ?? 0) >= revision || failure !== undefined,
        `revision ${revision} is read`,
      ),
  };
}
