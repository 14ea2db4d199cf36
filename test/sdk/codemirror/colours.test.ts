import { describe, expect, it } from 'vitest';
import { colourOf, palette } from '../../../src/sdk/codemirror/colours.ts';

/** Contrast as WCAG 2 defines it. */
function contrast(one: string, other: string): number {
  const [lighter = 1, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe('colours of cursors', () => {
  it('names can be read on their ground, and carets are seen on light and dark pages', () => {
    for (const { light, dark } of palette) {
      expect(contrast(light.ground, light.ink)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(dark.ground, dark.ink)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(light.ground, '#ffffff')).toBeGreaterThanOrEqual(3);
      expect(contrast(dark.ground, '#282c34')).toBeGreaterThanOrEqual(3);
    }
  });

  it('a user has one colour, and users have different ones', () => {
    expect(colourOf('ada')).toBe(colourOf('ada'));
    const used = new Set(Array.from({ length: 200 }, (_, index) => colourOf(`user-${index}`)));
    expect(used.size).toBe(palette.length);
  });
});
