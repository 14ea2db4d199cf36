import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { OperationTypeNode } from 'graphql';
import { type Clock, systemClock } from './clock.ts';
import type { ConnectionState } from './connection-state.ts';
import { ConnectionLost, OperationError } from './errors.ts';
import { follow } from './follow.ts';
import type { UploadProgress } from './form-request.ts';
import {
  type BatchFieldsFragment,
  type DocumentSummaryFragment,
  UploadDocumentDocument,
} from './generated.ts';
import { getSdk } from './generated-operations.ts';
import { createHttp } from './http.ts';
import { openHttpLink } from './http-link.ts';
import { createLine, type Opener } from './line.ts';
import type { TransportName } from './link.ts';
import { platformNetwork } from './network.ts';
import type { Observable } from './observable.ts';
import { definitionOf, type Operation, operationOf } from './operation.ts';
import type { CallOptions, Operations } from './operations.ts';
import { joinSignals } from './signals.ts';
import { isSocketClass, openSocketLink } from './socket-link.ts';
import { planStream } from './stream-plan.ts';
import { clientLink } from './text/client-link.ts';
import { createSharedText } from './text/shared-text.ts';
import type { SharedText, SharedTextOptions } from './text/types.ts';
import { type Job, trackBatch, trackJob } from './track.ts';
import { filesOf, upload } from './upload.ts';

/** Characters that an operation may have, text and variables, to go over a socket: a server's limit is in bytes, and larger. */
const MAX_SOCKET_CHARS = 65_536;

export interface QuireClientOptions {
  /** The server's address, like `http://localhost:4000`. */
  readonly url: string;
  /** Asked for at each connection, and again when the token has expired. */
  readonly token: () => Promise<string>;
  /** 1 to 64 letters, digits or any of `. _ : -`; default: a random one. */
  readonly clientId?: string;
  /** In the order of preference; default: websocket, sse, polling. */
  readonly transports?: readonly TransportName[];
  /** The WebSocket class where the platform has none of its own (Node 20). */
  readonly webSocket?: unknown;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  /** Gives numbers from 0 up to, not including, 1: for the jitter. */
  readonly random?: () => number;
}

export interface SendOptions extends CallOptions {
  /** The document's title; default: the file's name without folders and extension. */
  readonly title?: string;
  readonly onProgress?: (progress: UploadProgress) => void;
}

/** A client of one server, for one user. It connects by need, and keeps itself connected as long as it is used. */
export interface QuireClient extends Operations {
  readonly clientId: string;
  readonly connection: Observable<ConnectionState>;
  /** One typed method for each operation of `schema/operations`, by its name. */
  readonly operations: ReturnType<typeof getSdk<CallOptions>>;
  /**
   * Opens a document's text to be edited. Give `drafts` (`indexedDbDrafts` in a browser) for edits that outlive the page.
   * Rejects with OperationError (NOT_FOUND where there is no such document), and with ConnectionLost when the client is closed.
   */
  document(id: string, options?: Omit<SharedTextOptions, 'clock'>): Promise<SharedText>;
  readonly jobs: {
    /** The states of a job to its end. Rejects with OperationError, or the signal's reason. */
    track(id: string, options?: CallOptions): AsyncIterableIterator<Job>;
  };
  readonly batches: {
    /** The states of a batch to its end. Rejects with OperationError, or the signal's reason. */
    track(id: string, options?: CallOptions): AsyncIterableIterator<BatchFieldsFragment>;
  };
  readonly uploads: {
    /** Makes a document of a file. Rejects with OperationError, ConnectionLost or the signal's reason. */
    send(file: Blob, options?: SendOptions): Promise<DocumentSummaryFragment>;
  };
  /** Ends everything: streams in peace, what waits with ConnectionLost. Resolves when nothing is left. Idempotent. */
  close(): Promise<void>;
}

/** Whether it would be too much for a message of a socket, which is closed then. */
const isLarge = ({ query, variables }: Operation): boolean =>
  query.length + JSON.stringify(variables).length > MAX_SOCKET_CHARS;

/** 96 random bits in the letters that a client's id may have. */
const newClientId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** Makes a client; nothing is sent yet. Throws TypeError when `url` is none, or no transport is left to use. */
export function createQuireClient(options: QuireClientOptions): QuireClient {
  const {
    token,
    clientId = newClientId(),
    transports = ['websocket', 'sse', 'polling'],
    webSocket = (globalThis as { readonly WebSocket?: unknown }).WebSocket,
    fetch = (...request) => globalThis.fetch(...request),
    clock = systemClock,
    random = Math.random,
  } = options;
  const url = new URL(options.url).href.replace(/\/$/, '');
  const http = createHttp({ url, token, fetch });
  const openers = transports.flatMap((transport, index): Opener[] => {
    if (transport !== 'websocket') {
      const canGiveUp = transport === 'sse' && transports.indexOf('polling') > index;
      return [{ transport, open: (signal) => openHttpLink({ http, clock, transport, canGiveUp }, signal) }];
    }
    if (!isSocketClass(webSocket)) return [];
    return [
      { transport, open: (signal) => openSocketLink({ url, token, clientId, webSocket, clock }, signal) },
    ];
  });
  if (openers.length === 0)
    throw new TypeError('No transport is left: give the class of a WebSocket, or allow "sse" or "polling".');
  const line = createLine({ openers, clock, random, network: platformNetwork() });

  async function run<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    { signal }: CallOptions = {},
  ): Promise<Data> {
    const operation = operationOf(document, variables, clientId);
    const release = line.hold();
    const joined = joinSignals(signal, line.ending);
    try {
      const link = await line.link({ isPatient: false, signal });
      const { data, errors } =
        link.transport === 'websocket' && isLarge(operation)
          ? await http.ask(operation, joined.signal)
          : await link.run(operation, signal);
      if (errors) throw new OperationError(errors);
      if (!data) throw new ConnectionLost(1006, 'The answer had no data.');
      return data as Data;
    } finally {
      joined.release();
      release();
    }
  }

  async function send<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    { signal, onProgress }: SendOptions = {},
  ): Promise<Data> {
    const joined = joinSignals(signal, line.ending);
    const uploadOptions = { signal: joined.signal, ...(onProgress && { onProgress }) };
    return upload({ url, token, fetch }, document, variables, uploadOptions).finally(() => joined.release());
  }

  const operations: Operations = {
    query: run,
    async mutate(document, variables, callOptions) {
      const doIt = filesOf(variables).length === 0 ? run : send;
      return doIt(document, variables, callOptions);
    },
    subscribe<Data, Variables>(
      document: TypedDocumentNode<Data, Variables>,
      variables: Variables,
      { signal }: CallOptions = {},
    ) {
      const operation = operationOf(document, variables, clientId);
      const plan = planStream(document, operation.variables);
      return follow<Data>({ line, plan, operation, clock, random, signal });
    },
  };
  const tracking = { operations, clock, ending: line.ending };

  return {
    ...operations,
    clientId,
    connection: line.connection,
    operations: getSdk<CallOptions>((document, variables, callOptions) => {
      const kind = definitionOf(document).operation;
      if (kind === OperationTypeNode.SUBSCRIPTION)
        return operations.subscribe(document, variables, callOptions);
      return operations[kind === OperationTypeNode.QUERY ? 'query' : 'mutate'](
        document,
        variables,
        callOptions,
      );
    }),
    document: (id, textOptions) =>
      createSharedText(clientLink(operations, id, { connection: line.connection, clock }), {
        ...textOptions,
        clock,
      }),
    jobs: { track: (id, callOptions) => trackJob(tracking, id, callOptions) },
    batches: { track: (id, callOptions) => trackBatch(tracking, id, callOptions) },
    uploads: {
      async send(file, sendOptions = {}) {
        const { title } = sendOptions;
        const variables = { file, ...(title !== undefined && { title }) };
        return (await send(UploadDocumentDocument, variables, sendOptions)).uploadDocument;
      },
    },
    close: () => line.close(),
  };
}
