/** How a LOG's newest cursor is found out, to begin behind it. */
export interface Beginning {
  readonly query: string;
  /** Arguments of the subscription that are variables of the query. */
  readonly pass: readonly string[];
  /** Where the cursor is in the query's data. */
  readonly path: readonly (string | number)[];
  /** The cursor where there is none yet; null: the server is left to say what is wrong. */
  readonly none: string | null;
}

/** Every event, once, in order. It is resumed behind the last one that came. */
export interface LogKind {
  readonly kind: 'LOG';
  /** The argument behind which it begins. */
  readonly after: string;
  /** The field of an event that is its cursor. */
  readonly cursor: string;
  readonly beginning: Beginning;
}

/** What is now, then newer. It is begun again, with what is now. */
export interface StateKind {
  readonly kind: 'STATE';
  /** True: a snapshot, then small events, of which each counts. False: each value is the whole, and the newest one counts. */
  readonly inEvents: boolean;
}

const STATE: StateKind = { kind: 'STATE', inEvents: false };

/** What each subscription of the schema is; see "Subscriptions" in `docs/protocol.md`. */
export const streamKinds: Readonly<Record<string, LogKind | StateKind>> = {
  documentChanges: {
    kind: 'LOG',
    after: 'after',
    cursor: 'revision',
    beginning: {
      query: 'query Beginning($documentId: ID!) { document(id: $documentId) { revision } }',
      pass: ['documentId'],
      path: ['document', 'revision'],
      none: null,
    },
  },
  complianceAlerts: {
    kind: 'LOG',
    after: 'after',
    cursor: 'id',
    beginning: {
      query: 'query Beginning { complianceAlerts(first: 1) { edges { node { id } } } }',
      pass: [],
      path: ['complianceAlerts', 'edges', 0, 'node', 'id'],
      none: '0',
    },
  },
  collaborationUpdates: STATE,
  collaborationEvents: { kind: 'STATE', inEvents: true },
  processingUpdates: STATE,
  batchProcessingUpdates: STATE,
  systemStatusUpdates: STATE,
  metricsUpdates: STATE,
};
