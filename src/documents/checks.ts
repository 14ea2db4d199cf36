import { badInput, QuireError } from '../platform/errors.ts';
import { type ChangeLimits, checkText } from './change.ts';

/** UTF-16 code units of a title. */
export const MAX_TITLE_CHARS = 500;

/** The title as it is kept, without spaces around it. Throws BAD_USER_INPUT. */
export function checkTitle(argument: string, title: string): string {
  checkText(argument, title);
  const trimmed = title.trim();
  if (trimmed.length >= 1 && trimmed.length <= MAX_TITLE_CHARS) return trimmed;
  throw badInput(argument, `A title has 1 to ${MAX_TITLE_CHARS} characters.`);
}

/** Checks the text of a new document. Throws BAD_USER_INPUT or PAYLOAD_TOO_LARGE. */
export function checkContent(content: string, { documentChars }: ChangeLimits): void {
  checkText('input.content', content);
  if (content.length <= documentChars) return;
  throw new QuireError('PAYLOAD_TOO_LARGE', `A document holds at most ${documentChars} characters.`, {
    argument: 'input.content',
  });
}

/** Checks that a document has a revision. Throws BAD_USER_INPUT. */
export function checkRevision(argument: string, revision: number, newest: number): void {
  if (revision >= 0 && revision <= newest) return;
  throw badInput(argument, `${argument} must be between 0 and ${newest}, the newest revision.`);
}
