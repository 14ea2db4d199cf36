import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { createQuireClient } from '../sdk/client.ts';
import type { SharedText } from '../sdk/text/types.ts';
import { type Splice, splicesOf } from '../text/splice.ts';
import type { Terminal } from './terminal.ts';
import { signFor } from './token.ts';
import { UsageError } from './usage.ts';

/** How long a token of `--as` is good for. */
const TOKEN_MS = 12 * 3_600_000;

export const editHelp = `quire edit DOCUMENT --as USER [options]
quire edit DOCUMENT --token TOKEN [options]

Follows a document live and adds every line that you type to its end. Ctrl-D (or the end of the input) stops when
everything is saved. A lost connection is made again, and nothing is lost by it.

  --as USER      who you are; the token is made as by quire token
  --token TOKEN  a token from elsewhere
  --url URL      where the server is; default: http://localhost:4000
  --help         shows this
`;

/** What somebody else did, in a line for people. */
function describe(userId: string, revision: number, { position, length, content }: Splice): string {
  const added = content === '' ? '' : ` + ${JSON.stringify(content)}`;
  const removed = length === 0 ? '' : ` - ${length} characters`;
  return `[${revision}] ${userId} at ${position}:${removed}${added}\n`;
}

/** Runs `quire edit` until the input ends and all is saved. Throws a UsageError, or what the server refused with. */
export async function editCommand(
  args: readonly string[],
  { env, input, out, err }: Terminal,
): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      as: { type: 'string' },
      token: { type: 'string' },
      url: { type: 'string', default: 'http://localhost:4000' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return out(editHelp);
  const [documentId, ...more] = positionals;
  if (documentId === undefined || more.length > 0) throw new UsageError('name one document');
  const { as: user, token: given, url } = values;
  if ((user === undefined) === (given === undefined))
    throw new UsageError('either --as or --token is needed');
  const token = async (): Promise<string> => given ?? signFor({ sub: user ?? '' }, TOKEN_MS, env);

  const client = createQuireClient({ url, token, webSocket: WebSocket });
  client.connection.subscribe(({ state, reason }) => {
    if (reason && (state === 'reconnecting' || state === 'offline'))
      err(`quire: ${reason.message} Trying again…\n`);
  });
  try {
    const text = await client.document(documentId, {
      onError: (error) => err(`quire: ${String(error)}\n`),
    });
    try {
      await typeInto(text, documentId, { input, out });
    } finally {
      await text.close();
    }
  } finally {
    await client.close();
  }
}

/** Shows a text and what others do to it, and adds what is typed, until the input ends and all is saved. */
async function typeInto(
  text: SharedText,
  documentId: string,
  { input, out }: Pick<Terminal, 'input' | 'out'>,
): Promise<void> {
  text.on('changed', ({ change, origin, by }) => {
    if (origin !== 'remote') return;
    for (const splice of splicesOf(change)) out(describe(by, text.revision, splice));
  });
  out(
    `${documentId}, revision ${text.revision}. What you type is added at the end; Ctrl-D stops.\n\n${text.text}\n\n`,
  );
  for await (const line of createInterface({ input })) {
    if (text.ended) throw text.ended;
    const start = text.length === 0 || text.text.endsWith('\n') ? '' : '\n';
    text.edit({ position: text.length, length: 0, content: `${start}${line}\n` });
  }
  await text.saved();
  out(`Saved, revision ${text.revision}.\n`);
}
