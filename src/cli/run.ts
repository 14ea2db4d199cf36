import { ConfigError } from '../platform/config.ts';
import { readVersion } from '../platform/version.ts';
import { editCommand } from './edit.ts';
import type { Terminal } from './terminal.ts';
import { tokenCommand } from './token.ts';
import { isParseError, UsageError } from './usage.ts';

const help = `quire COMMAND

  token      prints a token for a user (quire token --help)
  edit       edits a document from the terminal, together with others (quire edit --help)

  --help     shows this
  --version  shows the version
`;

const answer = async (args: readonly string[], terminal: Terminal): Promise<void> => {
  const [command, ...rest] = args;
  switch (command) {
    case 'token':
      return terminal.out(await tokenCommand(rest, terminal.env));
    case 'edit':
      return editCommand(rest, terminal);
    case '--help':
    case '-h':
      return terminal.out(help);
    case '--version':
      return terminal.out(`${await readVersion()}\n`);
    case undefined:
      throw new UsageError('a command is missing');
    default:
      throw new UsageError(`${JSON.stringify(command)} is not a command or option`);
  }
};

/**
 * Runs the command line and returns the exit code: 0 when done, 1 when it could not be done, 2 when the arguments make
 * no sense. Only what was asked for goes to `out`; complaints go to `err`.
 */
export const run = async (args: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> => {
  try {
    await answer(args, terminal);
    return 0;
  } catch (error) {
    if (error instanceof UsageError || isParseError(error)) {
      const command = ['token', 'edit'].includes(args[0] ?? '') ? `quire ${args[0]}` : 'quire';
      terminal.err(`quire: ${error.message}\nTry: ${command} --help\n`);
      return 2;
    }
    const isExpected = error instanceof ConfigError || (error instanceof Error && 'code' in error);
    terminal.err(
      `quire: ${isExpected ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
    );
    return 1;
  }
};
