const MASK = '•';
/** Longer excerpts would only tell how long the value is. */
const MAX_MASKED = 12;
const MAX_SHOWN = 4;

/**
 * The value with its middle masked: so many letters and digits of its start and end stay, never more than a third of
 * them, and no separators, so that no five characters in a row are those of the value.
 */
export function mask(value: string, [start, end]: readonly [start: number, end: number]): string {
  const characters = value.match(/[\p{L}\p{N}]/gu) ?? [];
  const room = Math.floor(characters.length / 3);
  const last = Math.min(end, room, MAX_SHOWN);
  const first = Math.min(start, room - last, MAX_SHOWN);
  const masked = Math.min(characters.length - first - last, MAX_MASKED);
  return (
    characters.slice(0, first).join('') +
    MASK.repeat(Math.max(masked, 3)) +
    characters.slice(characters.length - last).join('')
  );
}
