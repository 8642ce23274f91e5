/** What drawings are made of, as SVG. */
import type { PointPx } from '../exam/film.ts';
import { textSvg, textWidthPx } from './label-text.ts';
import { toPicture, type OverlayLayout, type Pane } from './overlay-layout.ts';

/** Colours that stay apart for people who cannot tell red from green (Okabe and Ito). */
export const COLOURS = {
  blue: '#56b4e9',
  yellow: '#f0e442',
  orange: '#e69f00',
  vermilion: '#d55e00',
  purple: '#e79ac6',
  /** Points that a person set; always a ring, so that the colour is not all that tells. */
  green: '#5fe08c',
  text: '#ffffff',
  detail: '#d0d0d0',
  edge: '#000000',
} as const;

/** How a line is drawn. */
export interface Stroke {
  readonly colour: string;
  readonly widthPx: number;
  readonly opacity: number;
  readonly dashPx?: number;
}

/** A ring at each point that a person set. */
export function personRings(pane: Pane, points: readonly PointPx[], linePx: number): string {
  return points
    .map((point) => ringSvg(pane, point, { colour: COLOURS.green, widthPx: linePx, radiusPx: linePx * 3.5 }))
    .join('');
}

/** Lines of text are this many letter sizes apart. */
export const LINE_HEIGHT = 1.35;

/** A whole drawing. */
export function pictureSvg({ columns, rows }: OverlayLayout, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${columns}" height="${rows}" viewBox="0 0 ${columns} ${rows}">${parts.join('')}</svg>`;
}

/** Drawings within one pane, cut off at its edges; the name is the drawing's own. */
export function clippedSvg(
  { left, top, columns, rows }: Pane,
  name: string,
  parts: readonly string[],
): string {
  const clip = `<clipPath id="${name}"><rect x="${px(left)}" y="${px(top)}" width="${px(columns)}" height="${px(rows)}"/></clipPath>`;
  return `${clip}<g clip-path="url(#${name})">${parts.join('')}</g>`;
}

/** A line through points of the film. */
export function polylineSvg(pane: Pane, pointsPx: readonly PointPx[], stroke: Stroke): string {
  return lineSvg(
    pointsPx.map((point) => toPicture(pane, point)),
    stroke,
  );
}

/** A line through points of the picture. */
export function lineSvg(placesPx: readonly PointPx[], stroke: Stroke): string {
  if (placesPx.length < 2) return '';
  const points = placesPx.map((place) => place.map(px).join(',')).join(' ');
  const dashes = stroke.dashPx === undefined ? '' : ` stroke-dasharray="${px(stroke.dashPx)}"`;
  const drawn = (colour: string, widthPx: number, opacity: number) =>
    `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="${px(widthPx)}" stroke-opacity="${opacity}"${dashes}/>`;
  // A dark edge keeps the line visible on bright bone.
  const edge = drawn(COLOURS.edge, stroke.widthPx * 2, 0.45);
  return edge + drawn(stroke.colour, stroke.widthPx, stroke.opacity);
}

/** A ring round a point of the film. */
export function ringSvg(
  pane: Pane,
  centrePx: PointPx,
  ring: Pick<Stroke, 'colour' | 'widthPx' | 'dashPx'> & { readonly radiusPx: number },
): string {
  const [x, y] = toPicture(pane, centrePx);
  const { colour, widthPx, radiusPx, dashPx } = ring;
  const dashes = dashPx === undefined ? '' : ` stroke-dasharray="${px(dashPx)}"`;
  return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(radiusPx)}" fill="none" stroke="${colour}" stroke-width="${px(widthPx)}"${dashes}/>`;
}

/** The edge of an enlarged view. */
export function frameSvg({ left, top, columns, rows }: Pane, linePx: number): string {
  return `<rect x="${px(left)}" y="${px(top)}" width="${px(columns)}" height="${px(rows)}" fill="none" stroke="#808080" stroke-width="${px(linePx * 0.7)}"/>`;
}

/** Text on the film, on a dark ground that keeps it readable over bright bone. */
export function labelSvg(
  text: string,
  place: { readonly left: number; readonly baseline: number; readonly sizePx: number },
  colour: string,
): string {
  const { left, baseline, sizePx } = place;
  const pad = sizePx * 0.18;
  const ground = `<rect x="${px(left - pad)}" y="${px(baseline - sizePx * 0.82)}" width="${px(textWidthPx(text, sizePx) + 2 * pad)}" height="${px(sizePx * 1.08)}" fill="${COLOURS.edge}" fill-opacity="0.55"/>`;
  return ground + textSvg(text, place, colour);
}

/** Breaks lines at spaces so that none is wider than the room. */
export function wrapLines(lines: readonly string[], textPx: number, roomPx: number): string[] {
  return lines.flatMap((text) => {
    const broken: string[] = [];
    let current = '';
    for (const word of text.split(' ')) {
      const longer = current === '' ? word : `${current} ${word}`;
      if (current !== '' && textWidthPx(longer, textPx) > roomPx) {
        broken.push(current);
        current = word;
      } else current = longer;
    }
    return [...broken, current];
  });
}

/** A length as SVG has it. */
export function px(value: number): string {
  return value.toFixed(1);
}
