import { createHash } from 'node:crypto';
import { isClientId } from '../documents/ids.ts';
import { badInput, QuireError } from '../platform/errors.ts';
import type { ProcessingQuery } from './tables.ts';

/** What a user asks for with an idempotency key. */
export interface KeyedRequest {
  readonly tenantId: string;
  readonly userId: string;
  readonly idempotencyKey: string;
  /** Of all that is asked for. */
  readonly digest: string;
}

/** A request with the key that came with it; null without one. Throws BAD_USER_INPUT. */
export function keyedRequest(
  { tenantId, userId }: { readonly tenantId: string; readonly userId: string },
  idempotencyKey: string | null | undefined,
  asked: unknown,
): KeyedRequest | null {
  if (idempotencyKey == null) return null;
  if (!isClientId(idempotencyKey))
    throw badInput('request.idempotencyKey', 'A key has 1 to 128 characters: letters, digits, and . _ : -');
  const digest = createHash('sha256').update(JSON.stringify(asked)).digest('base64url');
  return { tenantId, userId, idempotencyKey, digest };
}

/** The id of what the key has led to; null when it is new. Throws CONFLICT when it stood for something else. */
export async function findKeyed(query: ProcessingQuery, keyed: KeyedRequest | null): Promise<string | null> {
  if (!keyed) return null;
  const row = await query
    .selectFrom('processing_keys')
    .select(['digest', 'target_id'])
    .where('tenant_id', '=', keyed.tenantId)
    .where('user_id', '=', keyed.userId)
    .where('idempotency_key', '=', keyed.idempotencyKey)
    .executeTakeFirst();
  if (!row) return null;
  if (row.digest === keyed.digest) return row.target_id;
  throw new QuireError(
    'CONFLICT',
    'This idempotencyKey was used for another request. Use a new one for each.',
    {
      argument: 'request.idempotencyKey',
    },
  );
}

/** Remembers what a key has led to. Fails with a unique violation when the same was asked for at the same time. */
export async function rememberKey(
  query: ProcessingQuery,
  keyed: KeyedRequest | null,
  targetId: string,
): Promise<void> {
  if (!keyed) return;
  await query
    .insertInto('processing_keys')
    .values({
      tenant_id: keyed.tenantId,
      user_id: keyed.userId,
      idempotency_key: keyed.idempotencyKey,
      digest: keyed.digest,
      target_id: targetId,
    })
    .execute();
}
