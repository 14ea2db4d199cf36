import { cutsPair, type Splice, toText } from '../../src/text/splice.ts';
import type { Random } from './random.ts';

const PIECES = ['a', 'b', ' ', 'word ', '\n', 'é', '日本', '👩‍👧', '🎈', 'two\nlines', '\r\n'];

/** A random splice that fits a text: never half of a surrogate pair. */
export function randomSplice(random: Random, text: string): Splice {
  const rope = toText(text);
  const whole = (position: number) => (cutsPair(rope, position) ? position - 1 : position);
  const position = whole(random.between(0, text.length));
  const end = whole(random.between(position, Math.min(text.length, position + 8)));
  const length = random.chance(0.4) ? Math.max(0, end - position) : 0;
  const content = length > 0 && random.chance(0.6) ? '' : random.pick(PIECES);
  return { position, length, content };
}
