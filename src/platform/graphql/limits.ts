import { EnvelopArmor } from '@escape.tech/graphql-armor';
import { GraphQLError, NoSchemaIntrospectionCustomRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { QuireError } from '../errors.ts';

/** Largest operation that is executed. */
export interface OperationLimits {
  /** Levels of fields; fragments hide none. */
  readonly depth: number;
  readonly aliases: number;
  /** As `cost.ts` reckons it, with the variables. */
  readonly cost: number;
  /** UTF-16 code units. */
  readonly queryChars: number;
  /** UTF-16 code units of one document; what an operation is given of texts depends on it. */
  readonly documentChars: number;
}

/** Lexical tokens. The time to validate an operation can grow with their square. */
const MAX_TOKENS = 1_000;
const MAX_DIRECTIVES = 50;
/** The message of the one error that graphql-js has for it. */
const ABORTED = 'Validation aborted.';

const tooComplex = (message: string): QuireError => new QuireError('OPERATION_TOO_COMPLEX', message);

/** Armor calls its errors syntax errors and gives them no code. */
const onReject = [
  (_context: unknown, error: GraphQLError): never => {
    throw tooComplex(error.message.replace(/^Syntax Error: /, ''));
  },
];

/**
 * Plugins that refuse too large operations (the cost excepted) with OPERATION_TOO_COMPLEX before anything of them is
 * executed, and introspection unless `introspection`. They work wherever the operation came from.
 */
export const limitPlugins = (limits: OperationLimits, introspection: boolean): Plugin[] => {
  const armor = new EnvelopArmor({
    blockFieldSuggestion: { enabled: false },
    maxTokens: { n: MAX_TOKENS, onReject },
    maxDirectives: { n: MAX_DIRECTIVES, onReject },
    maxAliases: { n: limits.aliases, onReject },
    maxDepth: { n: limits.depth, flattenFragments: true, ignoreIntrospection: true, onReject },
    // It knows no variables, and is blind to a `first` that is one: see cost.ts.
    costLimit: { enabled: false },
  });
  const characters: Plugin = {
    onParse({ params }) {
      const source: unknown = params.source;
      if (typeof source === 'string' && source.length <= limits.queryChars) return;
      throw tooComplex(`Operation limit of ${limits.queryChars} characters exceeded.`);
    },
  };
  /** graphql-js gives up where fields would have to be compared without end; that is no mistake of spelling. */
  const aborted: Plugin = {
    onValidate:
      () =>
      ({ result, setResult }) => {
        if (!(result as readonly GraphQLError[]).some(({ message }) => message === ABORTED)) return;
        const { code, message } = tooComplex('The operation is too complex to be validated.');
        setResult([new GraphQLError(message, { extensions: { code } })]);
      },
  };
  const noIntrospection: Plugin = {
    onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule),
  };
  return [
    characters,
    ...(armor.protect().plugins as Plugin[]),
    aborted,
    ...(introspection ? [] : [noIntrospection]),
  ];
};
