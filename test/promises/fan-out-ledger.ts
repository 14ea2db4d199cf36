import type { Message } from '../support/raw-socket.ts';
import type { Wire } from '../support/wire.ts';
import type { Result } from './guest.ts';

export interface OperationOptions {
  readonly id: string;
  readonly documentId: string;
  /** Null: from now on. */
  readonly after: number | null;
  /** With a field that is made in a promise. */
  readonly isRich?: boolean;
}

/** A subscription on a wire, and what came of it. */
export interface LedgerOperation extends OperationOptions {
  readonly revisions: readonly number[];
  /** Codes of the errors that came. */
  readonly codes: readonly string[];
  /** Whether the server has said `complete` (or `error`). */
  readonly completed: boolean;
  /** The client has completed it, and the server has processed that: nothing may come any more. */
  readonly fenced: boolean;
}

interface Entry extends OperationOptions {
  readonly alias: string;
  readonly revisions: number[];
  readonly codes: string[];
  completed: boolean;
  fenced: boolean;
}

/**
 * Watches the messages of one wire. Each operation selects under an alias of its own, so that a message tells which of
 * the operations with its id it belongs to.
 */
export interface Ledger {
  /** What was wrong: gaps, duplicates, messages of nobody, and messages behind an end. */
  readonly faults: readonly string[];
  readonly take: (message: Message) => void;
  /** The message that starts a new operation, and its entry. */
  subscribe(options: OperationOptions): { readonly operation: LedgerOperation; readonly message: object };
  /** The messages that complete an operation and ask something: once that is answered, the operation is fenced. */
  complete(operation: LedgerOperation): readonly object[];
  /** Whether all questions were answered. */
  readonly settled: boolean;
}

const QUESTION = '{ viewer { tenantId } }';

export function createLedger(): Ledger {
  const faults: string[] = [];
  /** The operations of each id, the newest at the end. */
  const byId = new Map<string, Entry[]>();
  const fences = new Map<string, Entry>();
  let count = 0;

  const next = (entries: readonly Entry[], { id, payload }: Message): void => {
    const { data, errors } = payload as Result;
    const alias = Object.keys(data ?? {})[0];
    const entry = alias === undefined ? entries.at(-1) : entries.find((one) => one.alias === alias);
    if (!entry) return void faults.push(`${id}: a message of no operation: ${JSON.stringify(payload)}`);
    if (entry.fenced) faults.push(`${id} ${entry.alias}: a next after its complete was processed`);
    if (entry.completed) faults.push(`${id} ${entry.alias}: a next behind its complete`);
    if (entry.codes.length > 0) faults.push(`${id} ${entry.alias}: a next behind its error`);
    const newer = entries.slice(entries.indexOf(entry) + 1);
    if (newer.some(({ revisions, codes }) => revisions.length + codes.length > 0))
      faults.push(`${id} ${entry.alias}: a next among those of a newer operation`);
    if (errors || alias === undefined) {
      entry.codes.push(String(errors?.[0]?.extensions['code']));
      return;
    }
    const { revision } = data?.[alias] as { revision: number };
    const last = entry.revisions.at(-1) ?? entry.after;
    if (last !== null && revision !== last + 1)
      faults.push(`${id} ${alias}: ${revision} after ${last}, begun after ${entry.after}`);
    entry.revisions.push(revision);
  };

  return {
    faults,
    get settled() {
      return fences.size === 0;
    },
    take(message) {
      const { id = '', type, payload } = message;
      const fence = fences.get(id);
      if (fence && type === 'next') {
        fence.fenced = true;
        return;
      }
      if (fence && type === 'complete') return void fences.delete(id);
      const entries = byId.get(id);
      const entry = entries?.at(-1);
      if (!entries || !entry) return void faults.push(`a message of nobody: ${JSON.stringify(message)}`);
      if (type === 'next') return next(entries, message);
      if (entry.fenced || entry.completed) faults.push(`${id} ${entry.alias}: a second end: ${type}`);
      if (type === 'error') entry.codes.push(String((payload as Result['errors'])?.[0]?.extensions['code']));
      else if (type !== 'complete') faults.push(`an unexpected ${type}`);
      entry.completed = true;
    },
    subscribe(options) {
      count += 1;
      const { id, documentId, after, isRich = false } = options;
      const alias = `o${count}`;
      const entry: Entry = { ...options, alias, revisions: [], codes: [], completed: false, fenced: false };
      byId.set(id, [...(byId.get(id) ?? []), entry]);
      const selection = `revision content${isRich ? ' user { name }' : ''}`;
      const query = `subscription ($id: ID!, $after: Int) { ${alias}: documentChanges(documentId: $id, after: $after, echo: true) { ${selection} } }`;
      const variables = { id: documentId, after };
      return { operation: entry, message: { id, type: 'subscribe', payload: { query, variables } } };
    },
    complete(operation) {
      count += 1;
      const fence = `fence-${count}`;
      fences.set(fence, operation as Entry);
      return [
        { id: operation.id, type: 'complete' },
        { id: fence, type: 'subscribe', payload: { query: QUESTION } },
      ];
    },
  };
}

/** Starts an operation on a wire by a packet of its own. */
export function begin(ledger: Ledger, wire: Wire, options: OperationOptions): LedgerOperation {
  const { operation, message } = ledger.subscribe(options);
  wire.send(message);
  return operation;
}
