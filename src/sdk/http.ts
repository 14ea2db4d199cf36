import { ConnectionLost, OperationError } from './errors.ts';
import { toError } from './link.ts';
import type { Operation, Result } from './operation.ts';
import { abortable } from './signals.ts';

/** What is asked to find out whether the server answers and takes the token. */
const PROBE: Operation = { query: '{ __typename }', variables: {} };

export interface HttpOptions {
  /** Of the server, without a slash at its end. */
  readonly url: string;
  readonly token: () => Promise<string>;
  readonly fetch: typeof fetch;
}

export interface Posting {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

/** GraphQL by HTTP requests, with one token for all of them until it is refused. */
export interface Http {
  /** The token at hand; asked for when there is none. */
  token(): Promise<string>;
  /** Asks for another token. Whoever asks meanwhile gets the same one. */
  renew(): Promise<string>;
  /** Asks for a token and tries it. Rejects with ConnectionLost, OperationError or what `token` rejects with. */
  connect(signal: AbortSignal): Promise<void>;
  /** Sends an operation. Rejects with ConnectionLost where there is no response, or with the signal's reason. */
  post(operation: Operation, posting: Posting): Promise<Response>;
  /** The result of a query or a mutation; asked for once more, with another token, when the first one is refused. */
  ask(operation: Operation, signal: AbortSignal | undefined): Promise<Result>;
}

/** What a failed `fetch` says; Node hides the reason in the cause. */
function saidBy(error: unknown): string {
  const { message, cause } = toError(error);
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}

/** What failed on the way, as ConnectionLost; what was aborted, as the signal's reason. */
export const lostBy = (error: unknown, signal: AbortSignal | undefined): Error => {
  if (signal?.aborted) return toError(signal.reason);
  return error instanceof ConnectionLost ? error : new ConnectionLost(1006, saidBy(error));
};

const isResult = (value: unknown): value is Result =>
  typeof value === 'object' && value !== null && ('data' in value || 'errors' in value);

/** The result in a response's text, whatever the status: what is none comes from something in between. */
export function resultIn(text: string, status: number): Result {
  try {
    const result: unknown = JSON.parse(text);
    if (isResult(result)) return result;
  } catch {
    // Told below.
  }
  throw new ConnectionLost(1006, `The request was answered with ${status} and no result.`);
}

/** Whether a result says that the token is not accepted. */
export const isUnauthenticated = ({ errors }: Result): boolean =>
  errors?.[0]?.extensions?.['code'] === 'UNAUTHENTICATED';

/** Makes requests to a server; connects to nothing yet. */
export function createHttp({ url, token: askToken, fetch }: HttpOptions): Http {
  let token: string | null = null;
  let asking: Promise<string> | null = null;

  const renew = (): Promise<string> => {
    asking ??= askToken()
      .then((fresh) => {
        token = fresh;
        return fresh;
      })
      .finally(() => {
        asking = null;
      });
    return asking;
  };
  const current = async (): Promise<string> => token ?? renew();

  async function post({ query, variables }: Operation, { headers, signal }: Posting): Promise<Response> {
    const authorization = `Bearer ${await abortable(current(), signal)}`;
    return fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: authorization, ...headers },
      body: JSON.stringify({ query, variables }),
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      throw lostBy(error, signal);
    });
  }

  async function askOnce(operation: Operation, signal: AbortSignal | undefined): Promise<Result> {
    const response = await post(operation, { headers: { Accept: 'application/json' }, signal });
    const text = await response.text().catch((error: unknown) => {
      throw lostBy(error, signal);
    });
    return resultIn(text, response.status);
  }

  async function ask(operation: Operation, signal: AbortSignal | undefined): Promise<Result> {
    const used = await abortable(current(), signal);
    const result = await askOnce(operation, signal);
    if (!isUnauthenticated(result)) return result;
    // Somebody else may have asked for another one meanwhile.
    if (token === used && (await abortable(renew(), signal)) === used) return result;
    return askOnce(operation, signal);
  }

  return {
    token: current,
    renew,
    post,
    ask,
    async connect(signal) {
      await abortable(renew(), signal);
      const { errors } = await ask(PROBE, signal);
      if (errors) throw new OperationError(errors);
    },
  };
}
