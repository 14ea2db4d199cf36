import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type ExecutionResult, print } from 'graphql';
import { ConnectionLost, OperationError } from './errors.ts';
import { type SocketClientOptions } from './socket-client.ts';

/** Its answer, whatever the status: what is no answer of the server comes from something in between. */
async function answerOf<Data>(response: Response): Promise<ExecutionResult<Data>> {
  try {
    return (await response.json()) as ExecutionResult<Data>;
  } catch {
    throw new ConnectionLost(1006, `The upload was answered with ${response.status} and no result.`);
  }
}

/**
 * Runs an operation whose variables are files (Blob or File), by the GraphQL multipart request. Rejects with OperationError
 * or ConnectionLost.
 */
export async function upload<Data, Variables extends Readonly<Record<string, unknown>>>(
  { url, token }: Pick<SocketClientOptions, 'url' | 'token'>,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const files = Object.entries(variables).filter(
    (entry): entry is [string, Blob] => entry[1] instanceof Blob,
  );
  const nulls = Object.fromEntries(files.map(([name]) => [name, null]));
  const form = new FormData();
  // In this order: the server reads the operation first, then where the files belong.
  form.set('operations', JSON.stringify({ query: print(document), variables: { ...variables, ...nulls } }));
  form.set('map', JSON.stringify(Object.fromEntries(files.map(([name]) => [name, [`variables.${name}`]]))));
  for (const [name, file] of files) form.set(name, file);
  const response = await fetch(`${url.replace(/\/$/, '')}/graphql`, {
    method: 'POST',
    // No form of a foreign page can have this header.
    headers: { Authorization: `Bearer ${await token()}`, 'GraphQL-Require-Preflight': '1' },
    body: form,
  }).catch((error: unknown) => {
    throw new ConnectionLost(1006, error instanceof Error ? error.message : '');
  });
  const { data, errors } = await answerOf<Data>(response);
  if (errors) throw new OperationError(errors);
  if (!data) throw new ConnectionLost(1006, `The upload was answered with ${response.status} and no data.`);
  return data;
}
