/** How somebody's cursor looks: the caret and the name's ground, and the ink on it. */
export interface Colour {
  readonly ground: string;
  readonly ink: string;
}

/** One look for light editors and one for dark ones; each ground stands out from the page, and the ink from the ground. */
interface Pair {
  readonly light: Colour;
  readonly dark: Colour;
}

const pair = (light: string, dark: string): Pair => ({
  light: { ground: light, ink: '#ffffff' },
  dark: { ground: dark, ink: '#000000' },
});

/** Hues that are told apart side by side: the 700 and the 400 of one scale. */
export const palette: readonly Pair[] = [
  pair('#b91c1c', '#f87171'),
  pair('#c2410c', '#fb923c'),
  pair('#a16207', '#facc15'),
  pair('#15803d', '#4ade80'),
  pair('#0f766e', '#2dd4bf'),
  pair('#0369a1', '#38bdf8'),
  pair('#1d4ed8', '#60a5fa'),
  pair('#6d28d9', '#a78bfa'),
  pair('#a21caf', '#e879f9'),
  pair('#be185d', '#f472b6'),
];

/** The place of a user's colour in the palette: the same everywhere (FNV-1a over the id). */
export function colourOf(userId: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < userId.length; index += 1) {
    hash = Math.imul(hash ^ userId.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash % palette.length;
}
