import { GraphQLError, GraphQLInt, GraphQLObjectType, GraphQLSchema, parse, validate } from 'graphql';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { badInput, QuireError } from '../../../src/platform/errors.ts';
import { createErrorPresenter } from '../../../src/platform/graphql/errors.ts';

const presenterOf = (suggestions = true) => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as never) });
  return { presenter: createErrorPresenter({ suggestions, log }), scope: { requestId: 'r1', log }, lines };
};

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: { page: { type: GraphQLInt, args: { first: { type: GraphQLInt } } } },
  }),
});

describe('what the client is told of an error', () => {
  const { presenter, scope, lines } = presenterOf();

  it('is what a QuireError says, where it happened', () => {
    const located = new GraphQLError('wrapped', {
      path: ['document', 'title'],
      originalError: badInput('id', 'No.'),
    });
    const shown = presenter.field(located, scope);
    expect(shown.toJSON()).toMatchObject({
      message: 'No.',
      path: ['document', 'title'],
      extensions: { code: 'BAD_USER_INPUT', argument: 'id' },
    });
    expect(shown.originalError).toBeUndefined();
  });

  it('is seen through any number of wrappings', () => {
    const inner = new GraphQLError('one', { originalError: new QuireError('CONFLICT', 'Taken.') });
    expect(presenter.field(new GraphQLError('two', { originalError: inner }), scope).extensions).toEqual({
      code: 'CONFLICT',
    });
  });

  it('is nothing of what went wrong inside, which is logged once', () => {
    lines.length = 0;
    const shown = presenter.field(new TypeError('x is not a function at /srv/a.ts'), scope);
    expect(presenter.field(shown, scope)).toBe(shown);
    expect(presenter.mask(shown)).toBe(shown);
    expect(JSON.parse(JSON.stringify(shown))).toEqual({
      message: 'Unexpected error',
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'r1' },
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 50,
      err: { type: 'TypeError', message: expect.stringContaining('srv') as string },
    });
  });

  it.each(['a string', null, undefined, 7, { message: 'an object' }])(
    'is the same when %j was thrown',
    (thrown) => {
      expect(presenter.field(thrown, scope).extensions['code']).toBe('INTERNAL_SERVER_ERROR');
    },
  );

  it('is masked when a field of ours yields what its type forbids', () => {
    const output = new GraphQLError('Int cannot represent non-integer value: "secret"', { path: ['page'] });
    expect(presenter.field(output, scope).message).toBe('Unexpected error');
  });

  it('names the argument of a query that is not valid', () => {
    const document = parse('{ page(first: "ten") }');
    const [error] = validate(schema, document);
    expect(presenter.request(error, scope, document).extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      argument: 'first',
    });
  });

  it('is BAD_USER_INPUT for an argument that turned out to be missing', () => {
    const error = new GraphQLError('Argument "first" of non-null type "Int!" must not be null.', {
      path: ['page'],
    });
    expect(presenter.field(error, scope).extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'first' });
  });

  it('carries an HTTP status that is not sent', () => {
    const shown = presenter.request(new QuireError('UNAUTHENTICATED', 'Sign in.'), scope);
    expect(shown.extensions.http).toEqual({ status: 401, spec: true });
    expect(JSON.stringify(shown)).not.toContain('http');
    expect(
      presenter.request(new QuireError('RATE_LIMITED', 'Slow.', { retryAfterMs: 9 }), scope).extensions,
    ).toMatchObject({
      http: { status: 429, spec: false },
      retryAfterMs: 9,
    });
    expect(presenter.request(new Error('inside'), scope).extensions.http).toMatchObject({ status: 500 });
  });

  it('keeps a message short that quotes what the client sent', () => {
    const error = new GraphQLError(`Variable "$x" got invalid value "${'x'.repeat(100_000)}"; no`);
    expect(presenter.request(error, scope).message.length).toBeLessThan(600);
  });
});

describe('suggestions', () => {
  const messages = [
    'Cannot query field "pag" on type "Query". Did you mean "page"?',
    'Cannot query field "x" on type "U". Did you mean to use an inline fragment on "Dog" or "Cat"?',
    'Value "A" does not exist in "E" enum. Did you mean the enum value "B", "C", or "D"?',
  ];

  it('are kept where they help', () => {
    const { presenter, scope } = presenterOf(true);
    for (const message of messages)
      expect(presenter.request(new GraphQLError(message), scope).message).toBe(message);
  });

  it('are left out in production', () => {
    const { presenter, scope } = presenterOf(false);
    const shown = messages.map((message) => presenter.request(new GraphQLError(message), scope).message);
    expect(shown.join()).not.toMatch(/Did you mean|page|Dog|"B"/);
  });
});
