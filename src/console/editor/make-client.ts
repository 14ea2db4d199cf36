import { createQuireClient, type QuireClient } from '../../sdk/client.ts';
import { ConnectionLost } from '../../sdk/errors.ts';
import type { DraftStore } from '../../sdk/text/drafts.ts';
import { indexedDbDrafts } from '../../sdk/text/indexeddb-drafts.ts';
import type { Credentials, User } from '../session/session.ts';

/** Close codes of the server: a token that is not valid, one that has expired. */
const REFUSED = [4401, 4403];
/** Users of one tab whose drafts are known; who signs in after more than these has a new place for theirs. */
const MAX_OWNERS = 8;

const stores = new Map<string, DraftStore>();

/** A user's drafts: one store for as long as the tab is there, because it holds the places of its drafts so long. */
export function draftsOf({ tenantId, id }: User): DraftStore {
  // Ids are a tenant's own.
  const owner = `${tenantId}/${id}`;
  const store = stores.get(owner) ?? indexedDbDrafts({ owner });
  stores.delete(owner);
  stores.set(owner, store);
  const [oldest] = stores.keys();
  if (stores.size > MAX_OWNERS && oldest !== undefined) stores.delete(oldest);
  return store;
}

/** A client for the server that the page came from. A token that the server refuses is not offered again. */
export function makeClient(credentials: Credentials): QuireClient {
  let sent: string | undefined;
  const client = createQuireClient({
    url: location.origin,
    async token() {
      sent = await credentials.token();
      return sent;
    },
    async fetch(input, init) {
      const response = await fetch(input, init);
      if (response.status === 401 && sent !== undefined) credentials.expire(sent);
      return response;
    },
  });
  client.connection.subscribe(({ reason }) => {
    if (reason instanceof ConnectionLost && REFUSED.includes(reason.code) && sent !== undefined)
      credentials.expire(sent);
  });
  return client;
}
