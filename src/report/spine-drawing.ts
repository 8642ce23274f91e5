/** The lines and words over a lateral film as SVG. */
import { assessmentsOf } from '../decide/assessments.ts';
import { POLICY_VERSION } from '../decide/referral-policy.ts';
import type { AnalysisResult, GenantGrade, SpineFinding, VertebraFinding } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';
import { worstVertebra } from '../exam/worst-vertebra.ts';
import { textSvg, textWidthPx } from './label-text.ts';
import { ASSESSMENT_NAMES, NOT_FOR_DIAGNOSIS, summaryLines } from './overlay-labels.ts';
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
} from './overlay-strokes.ts';
import { bodyLabel, gradeText, vertebraLine, vertebraLines } from './spine-labels.ts';
import type { SpineLayout } from './spine-layout.ts';

/** Each grade by colour and weight, and in words beside the body: never by colour alone. */
const GRADES: Readonly<Record<GenantGrade, { readonly colour: string; readonly weight: number }>> = {
  0: { colour: COLOURS.blue, weight: 0.8 },
  1: { colour: COLOURS.yellow, weight: 1.2 },
  2: { colour: COLOURS.orange, weight: 1.6 },
  3: { colour: COLOURS.vermilion, weight: 2.2 },
};
const NOT_GRADED = { colour: COLOURS.text, weight: 0.8 };

/**
 * The whole drawing, of the picture's size.
 * @param spine the finding in pixels of the film that is drawn upon, which may be a reduced one
 */
export function spineSvg(layout: SpineLayout, analysis: AnalysisResult, spine: SpineFinding): string {
  const { film, insets, linePx } = layout;
  const bodies = spine.vertebrae.flatMap((vertebra) => [
    outlineSvg(layout, film, vertebra),
    personRings(film, pointsByPerson(analysis, vertebra), linePx),
    bodyText(layout, vertebra, spine.facing),
  ]);
  const [inset] = insets;
  const worst = worstVertebra(spine);
  const enlarged =
    inset == null || worst === null
      ? []
      : [clippedSvg(inset, 'inset', heightMarks(layout, inset, worst)), frameSvg(inset, linePx)];
  return pictureSvg(layout, [
    clippedSvg(film, 'film', bodies),
    ...enlarged,
    ...stripText(layout, analysis, analysis.spine ?? spine),
  ]);
}

/** The six points, where a person set them. */
function pointsByPerson(
  { correction }: AnalysisResult,
  { level, pointsPx }: VertebraFinding,
): readonly PointPx[] {
  return correction?.levels.includes(level) === true ? Object.values(pointsPx) : [];
}

/**
 * Both endplates through their middle points, and thinner the walls between them. The line is drawn as its own
 * width beyond the body, so that the edge of the bone stays to be judged.
 */
function outlineSvg(layout: SpineLayout, pane: Pane, vertebra: VertebraFinding): string {
  const { linePx } = layout;
  const { genantGrade, pointsPx } = vertebra;
  const { colour, weight } = genantGrade === null ? NOT_GRADED : GRADES[genantGrade];
  const dashes = genantGrade === null ? { dashPx: linePx * 5 } : {};
  const stroke = { colour, widthPx: linePx * weight, opacity: 0.9, ...dashes };
  const p = outward(pointsPx, (linePx * (1 + weight)) / pane.scale);
  const wall = { ...stroke, widthPx: stroke.widthPx * 0.5, opacity: 0.7 };
  return [
    polylineSvg(pane, [p.superiorAnterior, p.inferiorAnterior], wall),
    polylineSvg(pane, [p.superiorPosterior, p.inferiorPosterior], wall),
    polylineSvg(pane, [p.superiorAnterior, p.superiorMiddle, p.superiorPosterior], stroke),
    polylineSvg(pane, [p.inferiorAnterior, p.inferiorMiddle, p.inferiorPosterior], stroke),
  ].join('');
}

/** The points moved up or down away from the body. */
function outward(points: VertebraFinding['pointsPx'], distancePx: number): VertebraFinding['pointsPx'] {
  const from = (near: PointPx, far: PointPx): PointPx => {
    const lengthPx = Math.hypot(near[0] - far[0], near[1] - far[1]);
    if (lengthPx === 0) return near;
    const share = distancePx / lengthPx;
    return [near[0] + (near[0] - far[0]) * share, near[1] + (near[1] - far[1]) * share];
  };
  return {
    superiorAnterior: from(points.superiorAnterior, points.inferiorAnterior),
    superiorMiddle: from(points.superiorMiddle, points.inferiorMiddle),
    superiorPosterior: from(points.superiorPosterior, points.inferiorPosterior),
    inferiorAnterior: from(points.inferiorAnterior, points.superiorAnterior),
    inferiorMiddle: from(points.inferiorMiddle, points.superiorMiddle),
    inferiorPosterior: from(points.inferiorPosterior, points.superiorPosterior),
  };
}

/** Level and grade in front of the body, behind it where there is no room. */
function bodyText(layout: SpineLayout, vertebra: VertebraFinding, facing: SpineFinding['facing']): string {
  const { film, textPx } = layout;
  const { genantGrade, pointsPx } = vertebra;
  const corner = (name: keyof VertebraFinding['pointsPx']) => toPicture(film, pointsPx[name]);
  const [ends, others] = [
    [corner('superiorAnterior'), corner('inferiorAnterior')],
    [corner('superiorPosterior'), corner('inferiorPosterior')],
  ];
  const columns = [...ends, ...others].map(([x]) => x);
  const middle = ends.reduce((sum, [, y]) => sum + y / 2, 0);
  const text = bodyLabel(vertebra);
  const sizePx = textPx * (genantGrade === 0 ? 0.8 : 0.9);
  const widthPx = textWidthPx(text, sizePx);
  const gapPx = textPx * 0.7;
  const left = Math.min(...columns) - gapPx - widthPx;
  const right = Math.max(...columns) + gapPx;
  const fitsLeft = left >= 0;
  const fitsRight = right + widthPx <= film.columns;
  const isLeft = facing === 'left' ? fitsLeft || !fitsRight : fitsLeft && !fitsRight;
  const { colour } = genantGrade === null ? NOT_GRADED : GRADES[genantGrade];
  return labelSvg(text, { left: isLeft ? left : right, baseline: middle + sizePx * 0.35, sizePx }, colour);
}

/** The six points and the three heights; nothing is drawn along the endplates, which are to be judged here. */
function heightMarks({ linePx }: SpineLayout, pane: Pane, vertebra: VertebraFinding): string[] {
  const { pointsPx } = vertebra;
  const height = { colour: COLOURS.yellow, widthPx: linePx * 0.7, opacity: 0.9, dashPx: linePx * 4 };
  const pairs = [
    [pointsPx.superiorAnterior, pointsPx.inferiorAnterior],
    [pointsPx.superiorMiddle, pointsPx.inferiorMiddle],
    [pointsPx.superiorPosterior, pointsPx.inferiorPosterior],
  ] as const;
  const ring = { colour: COLOURS.orange, widthPx: linePx * 1.2, radiusPx: linePx * 5 };
  return pairs.flatMap((pair) => [
    polylineSvg(pane, pair, height),
    ...pair.map((point) => ringSvg(pane, point, ring)),
  ]);
}

/** The strip: outcome above, the worst vertebra in words below its enlarged view, then the others; the warning last. */
function stripText(layout: SpineLayout, analysis: AnalysisResult, spine: SpineFinding): string[] {
  const { columns, rows, insets, stripLeft, marginPx, textPx } = layout;
  const left = stripLeft + marginPx;
  const roomPx = columns - left - marginPx;
  const worst = worstVertebra(spine);
  const wrap = (lines: readonly string[]) => wrapLines(lines, textPx, roomPx);
  const write = (lines: readonly string[], top: number, colour: (at: number) => string) =>
    lines.map((text, at) =>
      textSvg(text, { left, baseline: top + textPx * (1 + at * LINE_HEIGHT), sizePx: textPx }, colour(at)),
    );
  const [title = '', ...scale] = summaryLines(analysis);
  const inset = insets[0] ?? null;
  const head = wrap([title]);
  const ofWorst =
    worst === null
      ? []
      : wrap([`${worst.level}: ${gradeText(worst)}`, ...vertebraLines(worst, analysis.spacing)]);
  const told = spine.vertebrae.filter((each) => each !== worst && each.genantGrade !== 0);
  const others = wrap(told.map((vertebra) => vertebraLine(vertebra)));
  const asked = assessmentsOf(analysis).map((assessment) => ASSESSMENT_NAMES[assessment].en);
  const foot = wrap([
    ...(asked.length === 0 ? [] : [`Suggested: ${asked.join(', ')}`]),
    ...scale,
    `Policy ${POLICY_VERSION}`,
    NOT_FOR_DIAGNOSIS,
  ]);
  const lineTop =
    inset === null ? marginPx + textPx * (head.length + 1) * LINE_HEIGHT : inset.top + inset.rows + marginPx;
  const footTop = rows - marginPx - textPx * LINE_HEIGHT * foot.length;
  const free = Math.max(0, Math.floor((footTop - lineTop) / (textPx * LINE_HEIGHT)) - 1);
  const body = [...ofWorst, ...(worst === null ? [] : ['']), ...others];
  const shown = body.length <= free ? body : [...body.slice(0, Math.max(0, free - 1)), 'More in the report.'];
  const warnings = wrap([NOT_FOR_DIAGNOSIS]).length;
  return [
    ...write(head, marginPx, () => COLOURS.text),
    ...write(shown, lineTop, (at) =>
      at === 0 && worst !== null ? GRADES[worst.genantGrade].colour : COLOURS.detail,
    ),
    ...write(foot, footTop, (at) => (at >= foot.length - warnings ? COLOURS.yellow : COLOURS.detail)),
  ];
}
