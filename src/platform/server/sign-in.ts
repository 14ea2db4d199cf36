import type { IncomingMessage } from 'node:http';
import type { OperationContext } from './operations.ts';
import type { Authenticate } from './options.ts';
import { bearerToken } from './request-guard.ts';

/** Who a request speaks for: nobody without a token. A token that is refused is told as an operation's error is. */
export const signIn = async (
  request: IncomingMessage,
  authenticate: Authenticate,
): Promise<Pick<OperationContext, 'viewer' | 'refusal'>> => {
  const token = bearerToken(request);
  if (token === null) return { viewer: null };
  try {
    return { viewer: await authenticate(token) };
  } catch (refusal) {
    return { viewer: null, refusal };
  }
};
