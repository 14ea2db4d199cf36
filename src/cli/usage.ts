/** The command line cannot be understood. The message is one line for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** True for the errors that `parseArgs` of node:util throws at unknown or incomplete options. */
export const isParseError = (error: unknown): error is Error =>
  error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
