import { QuireError } from '../errors.ts';

/** Texts of the largest size that one operation is given (more of smaller ones). */
const MAX_LARGEST_TEXTS = 2;

/** The text that one operation, or one event of a subscription, may be answered with: few words can ask for much. */
export interface TextBudget {
  /**
   * Reads a text when those asked for before it have been read and something is left, so that no more than one text
   * goes beyond the budget: the first always comes. Rejects with OPERATION_TOO_COMPLEX, without reading, or as `load`.
   */
  read(load: () => Promise<string>): Promise<string>;
  /** Counts a text that is there already, by the same rule. Throws OPERATION_TOO_COMPLEX. */
  take(text: string): string;
  /** Makes it whole again, for the next event. */
  refill(): void;
}

/** Makes the budget of an operation, by the UTF-16 code units that one document may hold. */
export const createTextBudget = (documentChars: number): TextBudget => {
  const budgetChars = MAX_LARGEST_TEXTS * documentChars;
  let leftChars = budgetChars;
  let last: Promise<unknown> = Promise.resolve();

  const mustBeLeft = (): void => {
    if (leftChars > 0) return;
    throw new QuireError(
      'OPERATION_TOO_COMPLEX',
      `One operation gives ${budgetChars} characters of text. Ask for less at a time.`,
    );
  };
  const take = (text: string): string => {
    mustBeLeft();
    leftChars -= text.length;
    return text;
  };

  return {
    read(load) {
      const reading = last.then(async () => {
        mustBeLeft();
        return take(await load());
      });
      last = reading.catch(() => {});
      return reading;
    },
    take,
    refill() {
      leftChars = budgetChars;
    },
  };
};
