import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type AnyVariables, stringifyDocument } from 'urql';
import { ConnectionLost, OperationError } from '../../sdk/errors.ts';

/** Where the API is: on the server that this page came from. */
export const ENDPOINT = '/graphql';
/** With this the status of a response is that of its error: 401 for a token that is refused. */
export const RESPONSE_TYPE = 'application/graphql-response+json';

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[];
}

/** The data of an answer. Throws OperationError when it is an error, and ConnectionLost when it is no answer of the server. */
export function dataOf<Data>(text: string, status: number): Data {
  let answer: Answer<Data>;
  try {
    answer = JSON.parse(text) as Answer<Data>;
  } catch {
    throw new ConnectionLost(1006, `The request was answered with ${status} and no result.`);
  }
  if (answer.errors) throw new OperationError(answer.errors);
  if (!answer.data) throw new ConnectionLost(1006, `The request was answered with ${status} and no data.`);
  return answer.data;
}

/** Runs a query with a token of choice, past any cache. Rejects with OperationError or ConnectionLost. */
export async function request<Data, Variables extends AnyVariables>(
  token: string,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const lost = (): never => {
    throw new ConnectionLost(1006, 'The server did not answer.');
  };
  const response = await fetch(ENDPOINT, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', Accept: RESPONSE_TYPE },
    body: JSON.stringify({ query: stringifyDocument(document), variables }),
  }).catch(lost);
  return dataOf(await response.text().catch(lost), response.status);
}
