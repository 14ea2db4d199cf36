import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { ConnectionLost, OperationError } from './errors.ts';
import { sendForm, type UploadProgress } from './form-request.ts';
import { resultIn } from './http.ts';
import { textOf } from './operation.ts';
import { abortable } from './signals.ts';

export interface UploadTarget {
  /** The server's address, like `http://localhost:4000`. */
  readonly url: string;
  /** Asked for at each upload. */
  readonly token: () => Promise<string>;
  readonly fetch?: typeof fetch;
}

export interface UploadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: UploadProgress) => void;
}

/** The variables that are files, by name. */
export const filesOf = (variables: unknown): (readonly [string, Blob])[] =>
  Object.entries(variables ?? {}).flatMap(([name, value]: [string, unknown]) =>
    value instanceof Blob ? [[name, value] as const] : [],
  );

/**
 * Runs an operation whose variables are files (Blob or File), by the GraphQL multipart request. Rejects with OperationError,
 * ConnectionLost or the signal's reason.
 */
export async function upload<Data, Variables>(
  { url, token, fetch = globalThis.fetch }: UploadTarget,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { signal, onProgress }: UploadOptions = {},
): Promise<Data> {
  const files = filesOf(variables);
  const nulls = Object.fromEntries(files.map(([name]) => [name, null]));
  const operations = JSON.stringify({ query: textOf(document), variables: { ...variables, ...nulls } });
  const map = JSON.stringify(Object.fromEntries(files.map(([name]) => [name, [`variables.${name}`]])));
  const { status, text } = await sendForm({
    url: `${url.replace(/\/$/, '')}/graphql`,
    // No form of a foreign page can have this header.
    headers: {
      Authorization: `Bearer ${await abortable(token(), signal)}`,
      'GraphQL-Require-Preflight': '1',
    },
    form(content) {
      const form = new FormData();
      // In this order: the server reads the operation first, then where the files belong.
      form.set('operations', operations);
      form.set('map', map);
      for (const [name, file] of files) form.set(name, content(file));
      return form;
    },
    fetch,
    signal,
    onProgress,
  });
  const { data, errors } = resultIn(text, status);
  if (errors) throw new OperationError(errors);
  if (!data) throw new ConnectionLost(1006, `The upload was answered with ${status} and no data.`);
  return data as Data;
}
