import type { Answer, TextLink } from '../support/connected-text.ts';

/** A link that remembers what was answered. */
export interface RecordedLink extends TextLink {
  /** All answers to a change, by its id. */
  readonly answers: ReadonlyMap<string, readonly Answer[]>;
}

/** Remembers every answer that comes through a link; `onAnswer` is called with each. */
export function recorded(link: TextLink, onAnswer: (answer: Answer) => void = () => {}): RecordedLink {
  const answers = new Map<string, Answer[]>();
  return {
    ...link,
    answers,
    async send(change) {
      const answer = await link.send(change);
      answers.set(answer.changeId, [...(answers.get(answer.changeId) ?? []), answer]);
      onAnswer(answer);
      return answer;
    },
  };
}
