import { toCursor } from '../../src/platform/graphql/connection.ts';
import { NOT_INTS, type Row, shown, UNFIT_IDS } from './row.ts';
import { DELETED, FOREIGN, FULL, PRIVATE, SHARED } from './stage.ts';

export const START =
  'mutation ($id: ID!, $request: ProcessingRequest! = {}) { startProcessing(documentId: $id, request: $request) { id } }';
export const PROCESSED = 'subscription ($id: ID!) { processingUpdates(documentId: $id) { status } }';
const START_BATCH =
  'mutation ($ids: [ID!]!, $request: ProcessingRequest! = {}) { startBatch(documentIds: $ids, request: $request) { batchId } }';
const JOBS =
  'query ($first: Int! = 20, $after: String) { document(id: "shared") { processingJobs(first: $first, after: $after) { totalCount } } }';

/** What is asked for by the id of a job or of a batch, and needs that there is one. */
const BY_ID = [
  'mutation ($id: ID!) { cancelProcessing(jobId: $id) }',
  'mutation ($id: ID!) { retryProcessing(jobId: $id) { id } }',
  'mutation ($id: ID!) { cancelBatch(batchId: $id) { batchId } }',
  'mutation ($id: ID!) { retryBatch(batchId: $id) { batchId } }',
  'subscription ($id: ID!) { batchProcessingUpdates(batchId: $id) { status } }',
] as const;

const bad = (name: string, argument: string, query: string, variables: object | string): Row => ({
  name,
  query,
  variables,
  code: 'BAD_USER_INPUT',
  argument,
});

/** What a job may not be asked to be. */
const REQUESTS: readonly (readonly [argument: string, request: object])[] = [
  ['request.steps', { steps: [] }],
  ['request.steps[0]', { steps: ['FORMAT_DISK'] }],
  ['request.steps[0]', { steps: ['index'] }],
  ['request.steps[0]', { steps: [null] }],
  ['request.priority', { priority: -1 }],
  ['request.priority', { priority: 11 }],
  ['request.priority', { priority: null }],
  ['request.maxAttempts', { maxAttempts: 0 }],
  ['request.maxAttempts', { maxAttempts: 11 }],
  ['request', { retries: 1 }],
  ...UNFIT_IDS.map((idempotencyKey) => ['request.idempotencyKey', { idempotencyKey }] as const),
];

const starting: Row[] = [
  ...REQUESTS.flatMap(([argument, request]) => [
    bad(`a job with ${shown(request)}`, argument, START, { id: SHARED, request }),
    bad(`a batch with ${shown(request)}`, argument, START_BATCH, { ids: [SHARED], request }),
  ]),
  ...NOT_INTS.map((priority) =>
    bad(
      `a job of priority ${priority}`,
      'request.priority',
      START,
      `{"id":"${SHARED}","request":{"priority":${priority}}}`,
    ),
  ),
  bad('a batch of nothing', 'documentIds', START_BATCH, { ids: [] }),
  bad('a batch of null', 'documentIds[0]', START_BATCH, { ids: [null] }),
  bad('a batch of no list', 'documentIds', START_BATCH, { ids: null }),
  bad('a batch of 10,001 documents', 'documentIds', START_BATCH, {
    ids: Array.from({ length: 10_001 }, (_, index) => `document-${index}`),
  }),
  ...[PRIVATE, FOREIGN, DELETED, 'missing', ...UNFIT_IDS].map(
    (id): Row => ({
      name: `a batch with the document ${shown(id)} among others`,
      query: START_BATCH,
      variables: { ids: [SHARED, id, FULL] },
      code: 'NOT_FOUND',
      argument: 'documentIds',
    }),
  ),
  {
    name: 'a batch by a mere viewer',
    query: START_BATCH,
    variables: { ids: [SHARED] },
    as: 'viewer',
    code: 'FORBIDDEN',
    argument: 'documentIds',
  },
];

const naming: Row[] = BY_ID.flatMap((query) =>
  ['missing', SHARED, '__proto__', ...UNFIT_IDS].map(
    (id): Row => ({
      name: `${/\) \{ (\w+)/.exec(query)?.[1]} of ${shown(id)}`,
      query,
      variables: { id },
      code: 'NOT_FOUND',
    }),
  ),
);

const reading: Row[] = [
  ...[0, -1, 101].map((first) => bad(`the first ${first} jobs`, 'first', JOBS, { first })),
  ...['', 'nonsense', toCursor([]), toCursor(['1', 'x']), toCursor([1.5, 'x'])].map((after) =>
    bad(`jobs after ${shown(after)}`, 'after', JOBS, { after }),
  ),
];

/** Jobs and batches: asking for them, and naming them. */
export const processingRows: readonly Row[] = [...starting, ...naming, ...reading];
