import { setTimeout as sleep } from 'node:timers/promises';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { ConnectionLost } from '../../src/sdk/errors.ts';
import { type SocketClient } from '../../src/sdk/socket-client.ts';

/** Milliseconds before a lost connection is tried again. */
const RETRY_MS = 1_000;
/** Close codes from here on say what is wrong with the client: trying again would not mend it. */
const CLIENT_FAULTS = 4_400;

/**
 * Follows a STATE to its end and gives the last of it. A lost connection is made again: a STATE begins with what is now,
 * so nothing is missed by it. Rejects with OperationError, or ConnectionLost when the server wants no more of this client.
 */
export async function follow<Data, Variables>(
  client: Pick<SocketClient, 'subscribe'>,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { onState, onLost }: { onState: (data: Data) => void; onLost: () => void },
): Promise<Data> {
  let last: Data | undefined;
  for (;;) {
    try {
      for await (const data of client.subscribe(document, variables)) {
        last = data;
        onState(data);
      }
      if (last === undefined) throw new Error('The stream has ended before it began.');
      return last;
    } catch (error) {
      if (!(error instanceof ConnectionLost) || error.code >= CLIENT_FAULTS) throw error;
      onLost();
      await sleep(RETRY_MS);
    }
  }
}
