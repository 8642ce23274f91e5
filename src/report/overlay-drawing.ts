/** The lines and words of the overlay as SVG. */
import type { AnalysisResult, PanoramicFinding, ReportedSide } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import { textSvg, textWidthPx } from './label-text.ts';
import { NOT_FOR_DIAGNOSIS, sideLines, summaryLines } from './overlay-labels.ts';
import { toPicture, type OverlayLayout, type Pane } from './overlay-layout.ts';

/** Colours that stay apart for people who cannot tell red from green (Okabe and Ito). */
const COLOURS = {
  border: '#56b4e9',
  construction: '#f0e442',
  margin: '#e69f00',
  text: '#ffffff',
  detail: '#d0d0d0',
  warning: '#f0e442',
  edge: '#000000',
} as const;

interface Stroke {
  readonly colour: string;
  readonly widthPx: number;
  readonly opacity: number;
  readonly dashPx?: number;
}

/** The whole drawing, of the picture's size. */
export function overlaySvg(layout: OverlayLayout, analysis: AnalysisResult): string {
  const { columns, rows, film, insets } = layout;
  const { panoramic } = analysis;
  const parts: string[] = [];
  if (panoramic !== null) {
    parts.push(paneSvg(layout, film, panoramic, panoramic.sides, 'film'));
    panoramic.sides.forEach((side, index) => {
      const pane = insets[index];
      if (pane) parts.push(paneSvg(layout, pane, panoramic, [side], `inset${index}`), frame(layout, pane));
      parts.push(...sideMark(layout, side), ...sideText(layout, analysis, side, index));
    });
  }
  parts.push(...titleText(layout, analysis));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${columns}" height="${rows}" viewBox="0 0 ${columns} ${rows}">${parts.join('')}</svg>`;
}

/** Border and construction within one pane, cut off at its edges. */
function paneSvg(
  layout: OverlayLayout,
  pane: Pane,
  panoramic: PanoramicFinding,
  sides: readonly ReportedSide[],
  id: string,
): string {
  const { linePx } = layout;
  const { left, top, columns, rows } = pane;
  const clip = `<clipPath id="${id}"><rect x="${px(left)}" y="${px(top)}" width="${px(columns)}" height="${px(rows)}"/></clipPath>`;
  const border = polyline(pane, pointsIn(pane, panoramic.inferiorBorderPx), {
    colour: COLOURS.border,
    widthPx: linePx * 0.8,
    opacity: 0.7,
  });
  const constructions = sides.map((side) => sideConstruction(layout, pane, side));
  return `${clip}<g clip-path="url(#${id})">${border}${constructions.join('')}</g>`;
}

/** The points of a line from left to right within a pane and one beyond it on either side; the rest is not seen. */
function pointsIn({ originPx, extentPx }: Pane, pointsPx: readonly PointPx[]): readonly PointPx[] {
  const first = pointsPx.findIndex(([column]) => column >= originPx[0]);
  const last = pointsPx.findLastIndex(([column]) => column <= originPx[0] + extentPx[0]);
  return first < 0 ? [] : pointsPx.slice(Math.max(0, first - 1), last + 2);
}

/**
 * Tangent, perpendicular from the border to the foramen, and a bar along each margin of the cortex. Bars and
 * tangent leave the place itself free, so that the margin can be judged.
 */
function sideConstruction({ linePx }: OverlayLayout, pane: Pane, side: ReportedSide): string {
  const { outerPx, innerPx, foramenPx } = side;
  const thin: Stroke = {
    colour: COLOURS.construction,
    widthPx: linePx * 0.7,
    opacity: 0.9,
    dashPx: linePx * 4,
  };
  // Of a side that was not measured nothing is drawn: its foramen may be what was mistaken.
  if (!side.assessable || outerPx === null || innerPx === null) return '';
  const foramen = foramenPx === null ? '' : ring(pane, foramenPx, linePx);
  const lengthPx = Math.hypot(innerPx[0] - outerPx[0], innerPx[1] - outerPx[1]);
  if (lengthPx === 0) return foramen;
  const along: PointPx = [(outerPx[1] - innerPx[1]) / lengthPx, (innerPx[0] - outerPx[0]) / lengthPx];
  const across = (at: PointPx, halfPicturePx: number): PointPx[] =>
    [-1, 1].map((sign) => {
      const distance = (sign * halfPicturePx) / pane.scale;
      return [at[0] + along[0] * distance, at[1] + along[1] * distance];
    });
  const bar: Stroke = { colour: COLOURS.margin, widthPx: linePx * 1.2, opacity: 1 };
  return [
    polyline(pane, across(outerPx, linePx * 60), thin),
    polyline(pane, across(outerPx, linePx * 10), bar),
    polyline(pane, across(innerPx, linePx * 10), bar),
    polyline(pane, [outerPx, innerPx], { ...bar, widthPx: linePx * 0.7 }),
    foramenPx === null ? '' : polyline(pane, [innerPx, foramenPx], thin),
    foramen,
  ].join('');
}

/** R or L beside the foramen, above the jaw's edge, in the film. */
function sideMark(layout: OverlayLayout, side: ReportedSide): string[] {
  if (!side.assessable || side.foramenPx === null) return [];
  const { linePx, textPx, film } = layout;
  const [x, y] = toPicture(film, side.foramenPx);
  return [
    textSvg(
      side.side,
      { left: x + linePx * 9, baseline: y - linePx * 4, sizePx: textPx },
      COLOURS.construction,
    ),
  ];
}

/** The width and index of one side, beside its enlarged view. */
function sideText(
  layout: OverlayLayout,
  analysis: AnalysisResult,
  side: ReportedSide,
  index: number,
): string[] {
  const { columns, insetPx, marginPx, textPx, stripTop } = layout;
  const lines = wrapLines(sideLines(analysis, side), textPx, columns * 0.19);
  const top = stripTop + layout.marginPx;
  return lines.map((text, at) => {
    const beside = layout.insets[index] ? insetPx + 2 * marginPx : marginPx;
    const left = index === 0 ? beside : columns - beside - textWidthPx(text, textPx);
    const place = { left, baseline: top + textPx * (1 + at * 1.35), sizePx: textPx };
    return textSvg(text, place, at === 0 ? COLOURS.text : COLOURS.detail);
  });
}

/** The warning, outcome and scale, in the middle at the foot of the strip. */
function titleText(layout: OverlayLayout, analysis: AnalysisResult): string[] {
  const { columns, rows, insetPx, marginPx, textPx } = layout;
  const room = columns - 2 * (insetPx + 2 * marginPx);
  const lines = wrapLines([...summaryLines(analysis), NOT_FOR_DIAGNOSIS], textPx, room);
  const first = rows - marginPx - textPx * (0.3 + (lines.length - 1) * 1.35);
  return lines.map((text, at) => {
    const left = (columns - textWidthPx(text, textPx)) / 2;
    const colour = at === lines.length - 1 ? COLOURS.warning : at === 0 ? COLOURS.text : COLOURS.detail;
    return textSvg(text, { left, baseline: first + textPx * at * 1.35, sizePx: textPx }, colour);
  });
}

/** Breaks lines at spaces so that none is wider than the room. */
function wrapLines(lines: readonly string[], textPx: number, roomPx: number): string[] {
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

function frame({ linePx }: OverlayLayout, { left, top, columns, rows }: Pane): string {
  return `<rect x="${px(left)}" y="${px(top)}" width="${px(columns)}" height="${px(rows)}" fill="none" stroke="#808080" stroke-width="${px(linePx * 0.7)}"/>`;
}

function polyline(pane: Pane, pointsPx: readonly PointPx[], stroke: Stroke): string {
  if (pointsPx.length < 2) return '';
  const points = pointsPx.map((point) => toPicture(pane, point).map(px).join(',')).join(' ');
  const dashes = stroke.dashPx === undefined ? '' : ` stroke-dasharray="${px(stroke.dashPx)}"`;
  const drawn = (colour: string, widthPx: number, opacity: number) =>
    `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="${px(widthPx)}" stroke-opacity="${opacity}"${dashes}/>`;
  // A dark edge keeps the line visible on bright bone.
  const edge = drawn(COLOURS.edge, stroke.widthPx * 2, 0.45);
  return edge + drawn(stroke.colour, stroke.widthPx, stroke.opacity);
}

function ring(pane: Pane, centrePx: PointPx, linePx: number): string {
  const [x, y] = toPicture(pane, centrePx);
  return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(linePx * 7)}" fill="none" stroke="${COLOURS.construction}" stroke-width="${px(linePx * 0.8)}"/>`;
}

function px(value: number): string {
  return value.toFixed(1);
}
