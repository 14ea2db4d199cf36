import { type DocumentNode, GraphQLError, type GraphQLErrorExtensions } from 'graphql';
import type { Logger } from 'pino';
import { type ErrorCode, QuireError } from '../errors.ts';
import { newSerial } from '../serial.ts';
import { argumentOf } from './argument.ts';
import type { RequestContext } from './context.ts';

/** The HTTP status of a request that fails as a whole with this code. */
const STATUS: Readonly<Record<ErrorCode | 'INTERNAL_SERVER_ERROR', number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  CONFLICT: 409,
  RESYNC_REQUIRED: 410,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  OPERATION_TOO_COMPLEX: 400,
  UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
};
/** Statuses that GraphQL over HTTP replaces by 200 for a well-formed request that accepts only application/json. */
const REPLACED = new Set([400, 401]);

/** Messages of graphql-js quote the value that they refuse, however long it is. */
const MAX_MESSAGE_CHARS = 500;

/** Matches what graphql-js adds to some messages: `Did you mean "title" or "content"?`. */
const SUGGESTION = / ?Did you mean [^?]*\?/g;

export type ErrorScope = Pick<RequestContext, 'requestId' | 'log'>;

/** Turns whatever was thrown into what the client is told; see `docs/protocol.md` for the codes. */
export interface ErrorPresenter {
  /** For an error of a field or of a stream. */
  field(error: unknown, scope: ErrorScope): GraphQLError;
  /** For an error that leaves nothing of a request: it carries an HTTP status too. `document` helps to name the argument. */
  request(error: unknown, scope: ErrorScope, document?: DocumentNode): GraphQLError;
  /** For Yoga's `maskedErrors`: for what fails outside of any operation, like a body that is no JSON. */
  mask(error: unknown): GraphQLError;
}

export interface PresenterOptions {
  /** Keep graphql-js's "Did you mean …?". */
  readonly suggestions: boolean;
  /** For errors that belong to no request. */
  readonly log: Logger;
}

const isCode = (code: unknown): code is keyof typeof STATUS =>
  typeof code === 'string' && Object.hasOwn(STATUS, code);

/** The HTTP status of a request that an error leaves nothing of. */
export const statusOf = ({ extensions: { code } }: GraphQLError): number =>
  STATUS[isCode(code) ? code : 'INTERNAL_SERVER_ERROR'];

/** The error that GraphQL's executor has wrapped, maybe more than once, to tell where it happened. */
const causeOf = (error: unknown): unknown =>
  error instanceof GraphQLError && error.originalError ? causeOf(error.originalError) : error;

const located = (error: unknown, message: string, extensions: GraphQLErrorExtensions): GraphQLError =>
  new GraphQLError(
    message,
    error instanceof GraphQLError
      ? { nodes: error.nodes, source: error.source, positions: error.positions, path: error.path, extensions }
      : { extensions },
  );

/** Not enumerable: Yoga reads it, and it is not sent to a socket. */
const withStatus = (
  error: GraphQLError,
  code: keyof typeof STATUS,
  given?: GraphQLErrorExtensions['http'],
): GraphQLError => {
  const status = given?.status ?? STATUS[code];
  const http = { ...given, status, spec: REPLACED.has(status) };
  Object.defineProperty(error.extensions, 'http', { value: http });
  return error;
};

/** Makes the one place where errors become what clients see. */
export const createErrorPresenter = ({ suggestions, log }: PresenterOptions): ErrorPresenter => {
  /** Errors made here: Yoga's own masking comes across them again. */
  const presented = new WeakSet<Error>();

  const inClearText = (message: string): string => {
    const short = message.length > MAX_MESSAGE_CHARS ? `${message.slice(0, MAX_MESSAGE_CHARS)}…` : message;
    return suggestions ? short : short.replace(SUGGESTION, '');
  };

  const unexpected = (error: unknown, cause: unknown, scope: ErrorScope): GraphQLError => {
    const path = error instanceof GraphQLError ? error.path?.join('.') : undefined;
    scope.log.error(
      { err: cause instanceof Error ? cause : new Error(String(cause)), path },
      'unexpected error',
    );
    return located(error, 'Unexpected error', { code: 'INTERNAL_SERVER_ERROR', requestId: scope.requestId });
  };

  const badRequest = (error: GraphQLError, document?: DocumentNode): GraphQLError => {
    const { code: given, http } = error.extensions;
    const code = isCode(given) ? given : http?.status === 413 ? 'PAYLOAD_TOO_LARGE' : 'BAD_USER_INPUT';
    const argument = code === 'BAD_USER_INPUT' ? argumentOf(error, document) : undefined;
    const extensions = { code, ...(argument !== undefined && { argument }) };
    return withStatus(located(error, inClearText(error.message), extensions), code, http);
  };

  const expected = (error: unknown, { code, message, details }: QuireError): GraphQLError =>
    located(error, message, { code, ...details });

  const isClientsFault = (cause: unknown): cause is GraphQLError =>
    cause instanceof GraphQLError && (isCode(cause.extensions.code) || /^Argument "/.test(cause.message));

  const presentField = (error: unknown, scope: ErrorScope): GraphQLError => {
    const cause = causeOf(error);
    if (cause instanceof QuireError) return expected(error, cause);
    if (isClientsFault(cause)) {
      const { code } = cause.extensions;
      const argument = argumentOf(cause);
      return located(error, inClearText(cause.message), {
        code: isCode(code) ? code : 'BAD_USER_INPUT',
        ...(argument !== undefined && { argument }),
      });
    }
    return unexpected(error, cause, scope);
  };

  const presentRequest = (error: unknown, scope: ErrorScope, document?: DocumentNode): GraphQLError => {
    const cause = causeOf(error);
    if (cause instanceof QuireError && !(error instanceof GraphQLError)) {
      return withStatus(expected(error, cause), cause.code);
    }
    if (error instanceof GraphQLError) return badRequest(error, document);
    return withStatus(unexpected(error, cause, scope), 'INTERNAL_SERVER_ERROR');
  };

  const once = (error: unknown, present: () => GraphQLError): GraphQLError => {
    if (error instanceof GraphQLError && presented.has(error)) return error;
    const result = present();
    presented.add(result);
    return result;
  };

  return {
    field: (error, scope) => once(error, () => presentField(error, scope)),
    request: (error, scope, document) => once(error, () => presentRequest(error, scope, document)),
    mask: (error) =>
      once(error, () => {
        // Yoga parses `variables` and `extensions` of a GET with nothing but JSON.parse.
        const given =
          error instanceof SyntaxError ? new GraphQLError('The request holds invalid JSON.') : error;
        const requestId = newSerial();
        const presented = presentRequest(given, { requestId, log: log.child({ requestId }) });
        // It was not even well-formed.
        if (presented.extensions.http) presented.extensions.http.spec = false;
        return presented;
      }),
  };
};
