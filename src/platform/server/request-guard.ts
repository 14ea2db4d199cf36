import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../errors.ts';
import { newSerial } from '../serial.ts';
import { isLoopbackHost } from './origin.ts';

/** Why a request goes no further. */
export interface Refusal {
  readonly status: number;
  readonly code: ErrorCode | 'INTERNAL_SERVER_ERROR';
  readonly message: string;
}

export interface Target {
  readonly path: string;
  readonly query: URLSearchParams;
}

const HOST = /^([a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?$/i;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const BEARER = /^Bearer +([^\s]+) *$/i;
/** A form in UTF-8, with a boundary as RFC 2046 allows it. */
const FORM_TYPE =
  /^multipart\/form-data(\s*;\s*(charset\s*=\s*(utf-8|"utf-8")|boundary\s*=\s*([\w'()+,./:=?-]{1,70}|"[\w'()+,./:=? -]{1,70}")))+\s*$/i;
const TOKEN_PARAMETERS = new Set(['token', 'access_token']);

/** Where a request or an upgrade goes to, or why it may not. */
export const readTarget = (request: IncomingMessage, development: boolean): Target | Refusal => {
  const { host } = request.headers;
  if (host !== undefined && !HOST.test(host))
    return { status: 400, code: 'BAD_USER_INPUT', message: 'The Host header is not one.' };
  // A page of another site may have its own name resolve to this machine: its requests would be of the same origin.
  if (development && !isLoopbackHost(host))
    return { status: 403, code: 'FORBIDDEN', message: 'In development mode only localhost is served.' };
  const [path = '', search = ''] = (request.url ?? '').split(/\?(.*)/s, 2);
  const query = new URLSearchParams(search);
  for (const name of query.keys()) {
    if (TOKEN_PARAMETERS.has(name.toLowerCase()))
      return {
        status: 400,
        code: 'BAD_USER_INPUT',
        message: 'A token does not belong into a URL: use a header.',
      };
  }
  return { path, query };
};

/** The caller's own id of the request when it has a decent one, else a new one. */
export const requestIdOf = (request: IncomingMessage): string => {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newSerial();
};

/** The token of the `Authorization` header; null without the header, and empty when it is no Bearer token. */
export const bearerToken = (request: IncomingMessage): string | null => {
  const { authorization } = request.headers;
  return authorization === undefined ? null : (BEARER.exec(authorization)?.[1] ?? '');
};

/** Whether a request brings a form, which may have files. */
export const isForm = ({ method, headers }: IncomingMessage): boolean =>
  method === 'POST' && FORM_TYPE.test(headers['content-type'] ?? '');

/** A refusal in the form of a GraphQL response. */
export const refusalBody = ({ code, message }: Refusal): string =>
  `${JSON.stringify({ errors: [{ message, extensions: { code } }] })}\n`;
