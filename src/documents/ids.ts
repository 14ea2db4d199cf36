import { badInput } from '../platform/errors.ts';

const CLIENT_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * Whether this is an id as clients may choose it (documents, changes, clients). Nothing has another one, and a database
 * need not be able to hold it.
 */
export const isClientId = (id: string): boolean => CLIENT_ID.test(id);

/** Checks an id that a client chose: 1 to 128 of letters, digits and `._:-`. Throws BAD_USER_INPUT. */
export function checkClientId(argument: string, id: string): string {
  if (isClientId(id)) return id;
  throw badInput(argument, 'An id has 1 to 128 characters: letters, digits, and . _ : -');
}
