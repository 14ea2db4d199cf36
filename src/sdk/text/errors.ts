/** Why an edit was refused. */
export type EditErrorCode =
  /** It lies outside of the text, cuts a character in two, or holds what cannot be stored. */
  | 'BAD_EDIT'
  /** Too much waits to be sent. */
  | 'OFFLINE_FULL'
  /** The text is followed no more. */
  | 'ENDED';

/** An edit that was refused, and changed nothing. */
export class EditError extends Error {
  override readonly name = 'EditError';
  readonly code: EditErrorCode;

  constructor(code: EditErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));
