import type { Text } from '@codemirror/state';
import { applySplice, invertSplice, type Splice } from '../text/splice.ts';

/** Steps back that a timeline in the cache remembers. */
export const MAX_REMEMBERED_STEPS = 1000;
/** UTF-16 code units of inserted and removed text that a timeline in the cache remembers. */
export const MAX_REMEMBERED_CHARS = 1_000_000;

interface Step {
  readonly splice: Splice;
  readonly inverse: Splice;
}

/**
 * The text of a document at its newest revision, and the way back: the last splices with their inverses. A change
 * based on an older revision is checked against the text of then and rebased over the splices since.
 */
export class Timeline {
  #text: Text;
  #revision: number;
  readonly #steps: Step[];
  /** UTF-16 code units that the steps hold. */
  #chars: number;

  /** `steps` belong to the timeline from now on. */
  constructor(text: Text, revision: number, steps: Step[] = [], chars = 0) {
    this.#text = text;
    this.#revision = revision;
    this.#steps = steps;
    this.#chars = chars;
  }

  get text(): Text {
    return this.#text;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision that this timeline can still go back to. */
  get oldest(): number {
    return this.#revision - this.#steps.length;
  }

  /** UTF-16 code units held, for the cache's budget. */
  get weight(): number {
    return this.#text.length + this.#chars;
  }

  /** Appends the next revision. Throws RangeError when the splice lies outside of the text. */
  advance(splice: Splice): void {
    const inverse = invertSplice(this.#text, splice);
    this.#text = applySplice(this.#text, splice);
    const step = { splice, inverse };
    this.#steps.push(step);
    this.#chars += charsOf(step);
    this.#revision += 1;
  }

  /** The text at a revision between `oldest` and `revision`. */
  textAt(revision: number): Text {
    this.#mustReach(revision);
    let text = this.#text;
    for (let at = this.#revision; at > revision; at -= 1) {
      const step = this.#steps[at - this.oldest - 1];
      if (step) text = applySplice(text, step.inverse);
    }
    return text;
  }

  /** The splices committed after a revision, in order. */
  since(revision: number): Splice[] {
    this.#mustReach(revision);
    return this.#steps.slice(revision - this.oldest).map((step) => step.splice);
  }

  /** A copy to try changes on, without touching what readers see. */
  fork(): Timeline {
    return new Timeline(this.#text, this.#revision, [...this.#steps], this.#chars);
  }

  /** A copy that remembers no more than the cache allows. */
  trimmed(): Timeline {
    let chars = this.#chars;
    let dropped = 0;
    for (const step of this.#steps) {
      if (this.#steps.length - dropped <= MAX_REMEMBERED_STEPS && chars <= MAX_REMEMBERED_CHARS) break;
      chars -= charsOf(step);
      dropped += 1;
    }
    return new Timeline(this.#text, this.#revision, this.#steps.slice(dropped), chars);
  }

  #mustReach(revision: number): void {
    if (revision < this.oldest || revision > this.#revision) {
      throw new RangeError(`revision ${revision} is not between ${this.oldest} and ${this.#revision}`);
    }
  }
}

const charsOf = ({ splice, inverse }: Step): number => splice.content.length + inverse.content.length;
