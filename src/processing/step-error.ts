/**
 * Why a step refuses a file. Each holds for the file as it is, so that trying again changes nothing:
 * EMPTY has nothing to read, UNKNOWN_TYPE is none of the types that are read, BAD_ENCODING is text whose bytes do not
 * decode, PROTECTED needs a password, BROKEN is cut off or damaged, TOO_LARGE passes a bound, DELETED is of a document that is no
 * more, NOT_ALLOWED is of a user who may no longer do what the step does for them.
 */
export type StepErrorCode =
  | 'EMPTY'
  | 'UNKNOWN_TYPE'
  | 'BAD_ENCODING'
  | 'PROTECTED'
  | 'BROKEN'
  | 'TOO_LARGE'
  | 'DELETED'
  | 'NOT_ALLOWED';

/** A step's refusal, with a message for the person who gave the file. */
export class StepError extends Error {
  override readonly name = 'StepError';
  readonly code: StepErrorCode;

  constructor(code: StepErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
