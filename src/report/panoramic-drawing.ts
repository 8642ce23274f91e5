/** The lines and words over a panoramic film as SVG. */
import { foramenStanding } from '../decide/cortex-words.ts';
import type { AnalysisResult, PanoramicFinding, ReportedSide } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import { type CortexStrip, directionsOf, isMeasuredCortex, type MeasuredCortex } from './cortex-strip.ts';
import { textSvg, textWidthPx } from './label-text.ts';
import { NOT_FOR_DIAGNOSIS, shortWidth, summaryLines } from './overlay-labels.ts';
import { toPicture, type Pane } from './overlay-layout.ts';
import {
  clippedSvg,
  COLOURS,
  frameSvg,
  labelSvg,
  LINE_HEIGHT,
  personRings,
  pictureSvg,
  polylineSvg,
  ringSvg,
  wrapLines,
  type Stroke,
} from './overlay-strokes.ts';
import type { PanoramicLayout, SideParagraph } from './panoramic-layout.ts';
import { stripSvg } from './strip-drawing.ts';

/** The title's letters against those of the words: the largest that fit. */
const TITLE_LETTERS = [1, 0.9, 0.8, 0.7];

/**
 * The whole drawing, of the picture's size.
 * @param drawn the finding in pixels of the film that is drawn upon, which may be a reduced one
 */
export function panoramicSvg(
  layout: PanoramicLayout,
  analysis: AnalysisResult,
  drawn: PanoramicFinding,
  strips: readonly (CortexStrip | null)[],
): string {
  const { linePx, film, insets } = layout;
  const corrected = drawn.sides.filter(({ side }) => analysis.correction?.sides.includes(side) === true);
  const parts = [paneSvg(layout, film, drawn, drawn.sides, 'film'), ringsSvg(layout, film, corrected)];
  drawn.sides.forEach((side, index) => {
    const [inset, pane, strip] = [insets[index], layout.strips[index], strips[index]];
    if (inset) {
      const rings = ringsSvg(layout, inset, corrected.includes(side) ? [side] : []);
      parts.push(paneSvg(layout, inset, drawn, [side], `inset${index}`), rings, frameSvg(inset, linePx));
    }
    if (pane && strip && isMeasuredCortex(side)) parts.push(stripSvg(layout, pane, side, strip));
    if (isMeasuredCortex(side)) parts.push(siteLabel(layout, side));
  });
  layout.paragraphs.forEach((paragraph, index) => parts.push(...sideText(layout, paragraph, index)));
  return pictureSvg(layout, [...parts, ...titleText(layout, analysis)]);
}

/** The points of sides that a person set. */
function ringsSvg({ linePx }: PanoramicLayout, pane: Pane, sides: readonly ReportedSide[]): string {
  const points = sides.filter(isMeasuredCortex).flatMap(({ outerPx, innerPx }) => [outerPx, innerPx]);
  return personRings(pane, points, linePx);
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
  // Of a side that was not measured nothing is drawn: its foramen may be what was mistaken.
  const constructions = sides.filter(isMeasuredCortex).map((side) => sideConstruction(layout, pane, side));
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
function sideConstruction({ linePx }: PanoramicLayout, pane: Pane, side: MeasuredCortex): string {
  const { outerPx, innerPx, foramenPx, widthPx, otherWidthPx } = side;
  const { up, along } = directionsOf(side);
  const thin: Stroke = { colour: COLOURS.yellow, widthPx: linePx * 0.7, opacity: 0.9, dashPx: linePx * 4 };
  const bar: Stroke = { colour: COLOURS.orange, widthPx: linePx * 1.2, opacity: 1 };
  /** Two pieces of a line along the tangent, from and to these distances on either side, in picture pixels. */
  const beside = (at: PointPx, from: number, to: number, stroke: Stroke): string =>
    [-1, 1]
      .map((sign) => {
        const [near, far] = [(sign * from) / pane.scale, (sign * to) / pane.scale];
        const place = (away: number): PointPx => [at[0] + along[0] * away, at[1] + along[1] * away];
        return polylineSvg(pane, [place(near), place(far)], stroke);
      })
      .join('');
  const deep = (depthPx: number): PointPx => [outerPx[0] + up[0] * depthPx, outerPx[1] + up[1] * depthPx];
  const rival = { ...bar, colour: COLOURS.purple, dashPx: linePx * 2.5 };
  const isFound = foramenStanding(side) === 'found';
  return [
    beside(outerPx, linePx * 14, linePx * 60, thin),
    beside(outerPx, linePx * 3, linePx * 11, bar),
    beside(innerPx, linePx * 3, linePx * 11, bar),
    otherWidthPx === null ? '' : beside(deep(otherWidthPx), linePx * 3, linePx * 11, rival),
    polylineSvg(pane, [outerPx, innerPx], { ...bar, widthPx: linePx * 0.7 }),
    ...(foramenPx === null
      ? []
      : [
          polylineSvg(pane, [deep(Math.max(widthPx, otherWidthPx ?? 0)), foramenPx], thin),
          ringSvg(pane, foramenPx, {
            colour: COLOURS.yellow,
            widthPx: linePx * 0.8,
            radiusPx: linePx * 7,
            ...(isFound ? {} : { dashPx: linePx * 3 }),
          }),
        ]),
  ].join('');
}

/** Side and width on the film, outside of the bone and away from the chin, where the border rises. */
function siteLabel(layout: PanoramicLayout, side: MeasuredCortex): string {
  const { linePx, textPx, film } = layout;
  const [x, y] = toPicture(film, side.outerPx);
  const text = `${side.side} ${shortWidth(side)}`;
  const widthPx = textWidthPx(text, textPx);
  const left = side.side === 'R' ? x - widthPx - linePx * 6 : x + linePx * 6;
  const baseline = Math.min(y + linePx * 8 + textPx * 1.1, film.top + film.rows - textPx * 0.4);
  return labelSvg(text, { left, baseline, sizePx: textPx }, COLOURS.orange);
}

/** What is said of one side, below its views. */
function sideText(layout: PanoramicLayout, { head, lines }: SideParagraph, index: number): string[] {
  const { columns, marginPx, textPx, wordsTop } = layout;
  const { width, pmi, sizePx } = head;
  const gapPx = textPx * 0.9;
  const widthPx = textWidthPx(width, sizePx);
  const headPx = widthPx + (pmi === null ? 0 : gapPx + textWidthPx(pmi, textPx));
  const leftOf = (lengthPx: number) => (index === 0 ? marginPx : columns - marginPx - lengthPx);
  const [left, baseline] = [leftOf(headPx), wordsTop + sizePx];
  return [
    textSvg(width, { left, baseline, sizePx }, COLOURS.text),
    ...(pmi === null
      ? []
      : [textSvg(pmi, { left: left + widthPx + gapPx, baseline, sizePx: textPx }, COLOURS.text)]),
    ...lines.map(({ text, colour }, at) =>
      textSvg(
        text,
        {
          left: leftOf(textWidthPx(text, textPx)),
          baseline: baseline + textPx * (at + 1) * LINE_HEIGHT,
          sizePx: textPx,
        },
        colour,
      ),
    ),
  ];
}

/** Outcome, scale and the warning, between the views of both sides and as large as there is room. */
function titleText(layout: PanoramicLayout, analysis: AnalysisResult): string[] {
  const { middle, stripTop, insetPx, marginPx, textPx } = layout;
  const [title = '', ...others] = summaryLines(analysis);
  const linesAt = (sizePx: number) =>
    [
      { text: title, colour: COLOURS.text },
      ...others.map((text) => ({ text, colour: COLOURS.detail })),
      { text: NOT_FOR_DIAGNOSIS, colour: COLOURS.yellow },
    ].flatMap(({ text, colour }) =>
      wrapLines([text], sizePx, middle.columns).map((line) => ({ text: line, colour })),
    );
  const sizes = TITLE_LETTERS.map((letters) => textPx * letters);
  const fits = (size: number) => size * LINE_HEIGHT * linesAt(size).length <= insetPx;
  const sizePx = sizes.find(fits) ?? sizes.at(-1) ?? textPx;
  const lines = linesAt(sizePx);
  const first = stripTop + marginPx + (insetPx - sizePx * LINE_HEIGHT * lines.length) / 2 + sizePx;
  return lines.map(({ text, colour }, at) => {
    const left = middle.left + (middle.columns - textWidthPx(text, sizePx)) / 2;
    return textSvg(text, { left, baseline: first + sizePx * at * LINE_HEIGHT, sizePx }, colour);
  });
}
