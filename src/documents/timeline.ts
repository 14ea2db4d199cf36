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

  constructor(text: Text, revision: number, steps: readonly Step[] = []) {
    this.#text = text;
    this.#revision = revision;
    this.#steps = [...steps];
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
    return this.#steps.reduce(
      (sum, { splice, inverse }) => sum + splice.content.length + inverse.content.length,
      this.#text.length,
    );
  }

  /** Appends the next revision. Throws RangeError when the splice lies outside of the text. */
  advance(splice: Splice): void {
    const inverse = invertSplice(this.#text, splice);
    this.#text = applySplice(this.#text, splice);
    this.#steps.push({ splice, inverse });
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
    return new Timeline(this.#text, this.#revision, this.#steps);
  }

  /** A copy that remembers no more than the cache allows. */
  trimmed(): Timeline {
    let chars = 0;
    let kept = 0;
    while (kept < Math.min(this.#steps.length, MAX_REMEMBERED_STEPS)) {
      const step = this.#steps[this.#steps.length - 1 - kept];
      chars += (step?.splice.content.length ?? 0) + (step?.inverse.content.length ?? 0);
      if (chars > MAX_REMEMBERED_CHARS) break;
      kept += 1;
    }
    return new Timeline(this.#text, this.#revision, this.#steps.slice(this.#steps.length - kept));
  }

  #mustReach(revision: number): void {
    if (revision < this.oldest || revision > this.#revision) {
      throw new RangeError(`revision ${revision} is not between ${this.oldest} and ${this.#revision}`);
    }
  }
}
