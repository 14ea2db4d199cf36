/** A part of a form as bytes, well-formed or not. */
export interface RawPart {
  readonly name?: string;
  readonly fileName?: string;
  readonly type?: string;
  /** Header lines in place of those that the others make. */
  readonly headers?: readonly string[];
  readonly content: string | Uint8Array;
}

export const BOUNDARY = 'next-part';

export const FORM_HEADERS = {
  'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
  'graphql-require-preflight': '1',
};

const headersOf = ({ name, fileName, type, headers }: RawPart): readonly string[] =>
  headers ?? [
    `Content-Disposition: form-data${name === undefined ? '' : `; name="${name}"`}${fileName === undefined ? '' : `; filename="${fileName}"`}`,
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
  ];

/** The head of a part and all before it. */
export const beginOf = (parts: readonly RawPart[]): Buffer =>
  Buffer.concat(
    parts.flatMap((part, index) => [
      Buffer.from(`${index > 0 ? '\r\n' : ''}--${BOUNDARY}\r\n${headersOf(part).join('\r\n')}\r\n\r\n`),
      Buffer.from(part.content),
    ]),
  );

/** The end of a form. */
export const FORM_END = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);

/** The body of a form. */
export const formOf = (...parts: readonly RawPart[]): Buffer => Buffer.concat([beginOf(parts), FORM_END]);

/** The part that says what is to be done; JSON unless it is a text. */
export const operations = (content: unknown): RawPart => ({
  name: 'operations',
  content: typeof content === 'string' ? content : JSON.stringify(content),
});

/** The part that says which file goes where. */
export const map = (content: unknown): RawPart => ({
  name: 'map',
  content: typeof content === 'string' ? content : JSON.stringify(content),
});

export const file = (name: string, content: string | Uint8Array = 'text', fileName = 'a.txt'): RawPart => ({
  name,
  fileName,
  content,
});
