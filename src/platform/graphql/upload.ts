import { GraphQLError, GraphQLScalarType } from 'graphql';

/** A file of a request, as a resolver gets it. Its bytes are there until the request is answered. */
export class Upload {
  /** As the client gives it: any text, a path maybe. */
  readonly name: string;
  /** The media type that the client says it has; nobody has looked. */
  readonly type: string;
  readonly #read: () => AsyncIterable<Uint8Array>;

  constructor({ name, type }: { name: string; type: string }, read: () => AsyncIterable<Uint8Array>) {
    this.name = name;
    this.type = type;
    this.#read = read;
  }

  /** Its bytes from the first on, as often as it is called. */
  stream(): AsyncIterable<Uint8Array> {
    return this.#read();
  }
}

const HINT =
  'A file is sent as a part of a multipart/form-data request, with null in its place in the variables.';

/** A file, in arguments only. */
export const FileScalar = new GraphQLScalarType<Upload, never>({
  name: 'File',
  description: 'multipart/form-data file (GraphQL multipart request)',
  serialize() {
    throw new TypeError('A File is taken, never given.');
  },
  parseValue(value) {
    if (value instanceof Upload) return value;
    throw new GraphQLError(HINT);
  },
  parseLiteral(node) {
    throw new GraphQLError(HINT, { nodes: node });
  },
});
