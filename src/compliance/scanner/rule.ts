import type { Context } from './context.ts';
import type { Framework } from './finding.ts';

/** A place that a pattern matched, in its text. */
export interface Candidate {
  readonly text: string;
  /** UTF-16 code units, from (inclusive) to (exclusive). */
  readonly from: number;
  readonly to: number;
  readonly value: string;
}

/**
 * Where the value that starts at the candidate's start ends, in UTF-16 code units of the text; 0 when there is none.
 * It may end before the candidate does, or up to MAX_VALUE_UNITS after its start.
 */
export type Validator = (candidate: Candidate) => number;

/** One way in which a rule's values are written. */
export interface Detector {
  /**
   * Global, bounded, and starting with a lookbehind that lets it start at the start of a token only: it takes linear
   * time on any text. It looks at most LOOK_BEHIND_UNITS back and MAX_VALUE_UNITS forward.
   */
  readonly pattern: RegExp;
  readonly validator: Validator;
  /** What has to be written beside the value. */
  readonly context?: Context;
  /** What is written before numbers that only look alike. */
  readonly unless?: Context;
}

/** A kind of value that a framework protects. */
export interface Rule {
  readonly id: string;
  readonly framework: Framework;
  /** Of one finding: 0 to 10; 8 and above is high. */
  readonly severity: number;
  /** What one and what several are called in messages. */
  readonly name: readonly [one: string, several: string];
  /** Letters and digits that an excerpt shows at the start and at the end of the value, at most 4 each. */
  readonly shown: readonly [start: number, end: number];
  readonly detectors: readonly Detector[];
  /** Counts only within so many code units of a finding of the other rule. */
  readonly near?: { readonly rule: string; readonly units: number };
}

/** No value is longer, in UTF-16 code units. */
export const MAX_VALUE_UNITS = 640;
/** No pattern looks further back, in UTF-16 code units. */
export const LOOK_BEHIND_UNITS = 32;

/** A validator of the whole candidate. */
export const whole =
  (holds: (value: string, candidate: Candidate) => boolean): Validator =>
  (candidate) =>
    holds(candidate.value, candidate) ? candidate.to : 0;
