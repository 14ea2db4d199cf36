import { docxOf, htmlOf, pdfOf } from '../processing/formats/files.ts';
import { PROSE, proseOf } from '../processing/formats/prose.ts';
import { FORM_HEADERS, file, formOf, map, operations } from '../support/form.ts';
import type { Random } from '../support/random.ts';
import { tokenFor } from '../support/tokens.ts';

/** Somebody who asks over HTTP, one request after another, as a script does. */
export async function createAsker(url: string, userId: string) {
  const authorization = `Bearer ${await tokenFor(userId)}`;

  async function post(headers: Readonly<Record<string, string>>, body: string | Buffer) {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { ...headers, authorization },
      body: body as BodyInit,
    });
    const { data, errors } = (await response.json()) as { data?: Record<string, unknown>; errors?: unknown };
    if (!data || errors) throw new Error(`refused: ${JSON.stringify(errors)}`);
    return data;
  }

  return {
    /** The root field of an operation that asks for one. Rejects when it is refused. */
    async ask<T>(query: string, variables: object = {}): Promise<T> {
      const body = JSON.stringify({ query, variables });
      return Object.values(await post({ 'content-type': 'application/json' }, body))[0] as T;
    },
    /** Uploads a file. Gives the id of its document. */
    async upload(bytes: Uint8Array, name: string): Promise<string> {
      const query = 'mutation ($file: File!) { uploadDocument(file: $file) { id } }';
      const parts = [
        operations({ query, variables: { file: null } }),
        map({ 0: ['variables.file'] }),
        file('0', bytes, name),
      ];
      return ((await post(FORM_HEADERS, formOf(...parts)))['uploadDocument'] as { id: string }).id;
    },
  };
}

export type Asker = Awaited<ReturnType<typeof createAsker>>;

/** What a document is made of, and what must become of it. */
export interface Source {
  readonly name: string;
  /** null: it has this text from the beginning. */
  readonly bytes: Uint8Array | null;
  readonly text: string;
  readonly fails: boolean;
}

/** Occurs once in each text that comes out of a file. */
export const MARK = 'Here the only copy begins.';

const repeated = (language: keyof typeof PROSE, times: number): string[] => [
  MARK,
  ...Array.from({ length: times }, () => PROSE[language]).flat(),
];

/** Files of each type, texts of many lengths, and files that nobody can read. */
export async function createSources(): Promise<readonly Source[]> {
  const good = (name: string, bytes: Uint8Array | string): Source => ({
    name,
    bytes: Buffer.from(bytes),
    text: '',
    fails: false,
  });
  const bad = (name: string, bytes: Uint8Array): Source => ({ ...good(name, bytes), fails: true });
  const text = (times: number): Source => ({
    name: `${times}.txt`,
    bytes: null,
    text: proseOf('en').repeat(times),
    fails: false,
  });
  const pdf = await pdfOf(repeated('de', 15));
  return [
    ...[1, 1, 5, 20, 100].map(text),
    good('paper.pdf', pdf),
    good('letter.docx', await docxOf(repeated('fr', 20))),
    good('page.html', htmlOf(repeated('en', 40))),
    good('notes.md', repeated('en', 60).join('\n\n')),
    bad('cut.pdf', pdf.subarray(0, 900)),
    bad('program.bin', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0])),
  ];
}

/** Makes a document of one of these; gives its id. */
export async function createFrom(asker: Asker, source: Source): Promise<string> {
  if (source.bytes) return asker.upload(source.bytes, source.name);
  const create = 'mutation ($input: CreateDocumentInput!) { createDocument(input: $input) { id } }';
  const input = { title: source.name, content: source.text };
  return (await asker.ask<{ id: string }>(create, { input })).id;
}

/** Resolves after a random time, in milliseconds. */
export const randomWait = (random: Random, from: number, to: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, random.between(from, to)));
