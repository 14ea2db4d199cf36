import type { Answer, SocketLink } from '../support/shared-text.ts';

/** A link that remembers what was answered. */
export interface RecordedLink extends SocketLink {
  /** All answers to a change, by its id. */
  readonly answers: ReadonlyMap<string, readonly Answer[]>;
}

/** Remembers every answer that comes through a link; `onAnswer` is called with each. */
export function recorded(link: SocketLink, onAnswer: (answer: Answer) => void = () => {}): RecordedLink {
  const answers = new Map<string, Answer[]>();
  return {
    ...link,
    answers,
    async send(change, signal) {
      const answer = await link.send(change, signal);
      answers.set(answer.changeId, [...(answers.get(answer.changeId) ?? []), answer]);
      onAnswer(answer);
      return answer;
    },
  };
}
