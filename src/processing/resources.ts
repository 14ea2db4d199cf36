import type { Resource, ResourceBody } from '../platform/server/resource.ts';

const isOpen = ({ finishedAt }: ResourceBody): boolean => finishedAt === null;

/** A job, with all of its fields. */
const job: Resource = {
  name: 'job',
  path: '/api/jobs/',
  query: `query PolledJob($id: ID!) {
    processingJob(id: $id) {
      id
      document { id title }
      batchId
      status
      progress
      priority
      attempt
      maxAttempts
      steps { name description duration status }
      result {
        revision
        language { code confidence }
        statistics { characters words sentences paragraphs readingTime readingEase }
        keywords { term score occurrences }
        summary
        findings { framework rule from to excerpt severity }
        indexed
      }
      error
      errors { attempt message at }
      requestedBy { id name }
      createdAt
      startedAt
      finishedAt
    }
  }`,
  isOpen,
};

/** A batch, with all of its fields but its jobs, which come in pages. */
const batch: Resource = {
  name: 'batch',
  path: '/api/batches/',
  query: `query PolledBatch($id: ID!) {
    batch(id: $id) {
      batchId
      totalItems
      processedItems
      failedItems
      cancelledItems
      currentItem
      estimatedCompletion
      status
      createdAt
      finishedAt
    }
  }`,
  // It is worked out anew each time that somebody asks.
  drifting: ['estimatedCompletion'],
  isOpen,
};

/** What of processing is polled by those without sockets. */
export const processingResources: readonly Resource[] = [job, batch];
