/** The lines and words over a panoramic film as SVG. */
import type { AnalysisResult, PanoramicFinding, ReportedSide } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import { textSvg, textWidthPx } from './label-text.ts';
import { NOT_FOR_DIAGNOSIS, sideLines, summaryLines } from './overlay-labels.ts';
import { toPicture, type Pane } from './overlay-layout.ts';
import {
  clippedSvg,
  COLOURS,
  frameSvg,
  LINE_HEIGHT,
  pictureSvg,
  polylineSvg,
  ringSvg,
  wrapLines,
  type Stroke,
} from './overlay-strokes.ts';
import type { PanoramicLayout } from './panoramic-layout.ts';

/** The whole drawing, of the picture's size. */
export function panoramicSvg(
  layout: PanoramicLayout,
  analysis: AnalysisResult,
  panoramic: PanoramicFinding,
): string {
  const { linePx, film, insets } = layout;
  const parts = [paneSvg(layout, film, panoramic, panoramic.sides, 'film')];
  panoramic.sides.forEach((side, index) => {
    const pane = insets[index];
    if (pane) parts.push(paneSvg(layout, pane, panoramic, [side], `inset${index}`), frameSvg(pane, linePx));
    parts.push(...sideMark(layout, side), ...sideText(layout, analysis, side, index));
  });
  return pictureSvg(layout, [...parts, ...titleText(layout, analysis)]);
}

/** Border and construction within one pane, cut off at its edges. */
function paneSvg(
  layout: PanoramicLayout,
  pane: Pane,
  panoramic: PanoramicFinding,
  sides: readonly ReportedSide[],
  name: string,
): string {
  const { linePx } = layout;
  const border = polylineSvg(pane, pointsIn(pane, panoramic.inferiorBorderPx), {
    colour: COLOURS.blue,
    widthPx: linePx * 0.8,
    opacity: 0.7,
  });
  const constructions = sides.map((side) => sideConstruction(layout, pane, side));
  return clippedSvg(pane, name, [border, ...constructions]);
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
function sideConstruction({ linePx }: PanoramicLayout, pane: Pane, side: ReportedSide): string {
  const { outerPx, innerPx, foramenPx } = side;
  const thin: Stroke = {
    colour: COLOURS.yellow,
    widthPx: linePx * 0.7,
    opacity: 0.9,
    dashPx: linePx * 4,
  };
  // Of a side that was not measured nothing is drawn: its foramen may be what was mistaken.
  if (!side.assessable || outerPx === null || innerPx === null) return '';
  const foramen =
    foramenPx === null
      ? ''
      : ringSvg(pane, foramenPx, {
          colour: COLOURS.yellow,
          widthPx: linePx * 0.8,
          radiusPx: linePx * 7,
        });
  const lengthPx = Math.hypot(innerPx[0] - outerPx[0], innerPx[1] - outerPx[1]);
  if (lengthPx === 0) return foramen;
  const along: PointPx = [(outerPx[1] - innerPx[1]) / lengthPx, (innerPx[0] - outerPx[0]) / lengthPx];
  const across = (at: PointPx, halfPicturePx: number): PointPx[] =>
    [-1, 1].map((sign) => {
      const distance = (sign * halfPicturePx) / pane.scale;
      return [at[0] + along[0] * distance, at[1] + along[1] * distance];
    });
  const bar: Stroke = { colour: COLOURS.orange, widthPx: linePx * 1.2, opacity: 1 };
  return [
    polylineSvg(pane, across(outerPx, linePx * 60), thin),
    polylineSvg(pane, across(outerPx, linePx * 10), bar),
    polylineSvg(pane, across(innerPx, linePx * 10), bar),
    polylineSvg(pane, [outerPx, innerPx], { ...bar, widthPx: linePx * 0.7 }),
    foramenPx === null ? '' : polylineSvg(pane, [innerPx, foramenPx], thin),
    foramen,
  ].join('');
}

/** R or L beside the foramen, above the jaw's edge, in the film. */
function sideMark(layout: PanoramicLayout, side: ReportedSide): string[] {
  if (!side.assessable || side.foramenPx === null) return [];
  const { linePx, textPx, film } = layout;
  const [x, y] = toPicture(film, side.foramenPx);
  return [
    textSvg(side.side, { left: x + linePx * 9, baseline: y - linePx * 4, sizePx: textPx }, COLOURS.yellow),
  ];
}

/** The width and index of one side, beside its enlarged view. */
function sideText(
  layout: PanoramicLayout,
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
    const place = { left, baseline: top + textPx * (1 + at * LINE_HEIGHT), sizePx: textPx };
    return textSvg(text, place, at === 0 ? COLOURS.text : COLOURS.detail);
  });
}

/** The warning, outcome and scale, in the middle at the foot of the strip. */
function titleText(layout: PanoramicLayout, analysis: AnalysisResult): string[] {
  const { columns, rows, insetPx, marginPx, textPx } = layout;
  const room = columns - 2 * (insetPx + 2 * marginPx);
  const lines = wrapLines([...summaryLines(analysis), NOT_FOR_DIAGNOSIS], textPx, room);
  const first = rows - marginPx - textPx * (0.3 + (lines.length - 1) * LINE_HEIGHT);
  return lines.map((text, at) => {
    const left = (columns - textWidthPx(text, textPx)) / 2;
    const colour = at === lines.length - 1 ? COLOURS.yellow : at === 0 ? COLOURS.text : COLOURS.detail;
    return textSvg(text, { left, baseline: first + textPx * at * LINE_HEIGHT, sizePx: textPx }, colour);
  });
}
