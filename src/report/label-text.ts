/**
 * Text as outlines. What must stand in a picture ("not for diagnosis") cannot depend on a font of the machine:
 * a server in a container often has none, and the text would silently be missing.
 */
import glyphs from './label-glyphs.json' with { type: 'json' };

interface Glyph {
  readonly advance: number;
  readonly path: string;
}

const GLYPHS: Readonly<Record<string, Glyph>> = glyphs.glyphs;
const UNITS_PER_EM = 1000;

/** Width of a line of text in pixels. */
export function textWidthPx(text: string, sizePx: number): number {
  let advance = 0;
  for (const character of text) advance += glyphOf(character).advance;
  return (advance * sizePx) / UNITS_PER_EM;
}

/** SVG of a line of text, its baseline starting at the place given. */
export function textSvg(
  text: string,
  place: { readonly left: number; readonly baseline: number; readonly sizePx: number },
  colour: string,
): string {
  const scale = place.sizePx / UNITS_PER_EM;
  let left = 0;
  let paths = '';
  for (const character of text) {
    const glyph = glyphOf(character);
    if (glyph.path !== '') paths += `<path transform="translate(${left} 0)" d="${glyph.path}"/>`;
    left += glyph.advance;
  }
  const { left: x, baseline } = place;
  return `<g fill="${colour}" transform="translate(${x.toFixed(1)} ${baseline.toFixed(1)}) scale(${scale.toFixed(5)})">${paths}</g>`;
}

function glyphOf(character: string): Glyph {
  return GLYPHS[character] ?? GLYPHS['?'] ?? { advance: 0, path: '' };
}
