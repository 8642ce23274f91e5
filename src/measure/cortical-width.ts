import type { Side, SideMeasurement } from '../exam/analysis.ts';
import type { Film, PointPx } from '../exam/film.ts';
import type { BorderFrame } from './border-frame.ts';
import { fitBorderFrame, placeOnBorder } from './border-frame.ts';
import { fitEdgeBreak } from './edge-break.ts';
import type { EndostealMargin } from './endosteal-margin.ts';
import { findEndostealMargin } from './endosteal-margin.ts';
import { measureForamenRadius } from './foramen-margin.ts';
import { meanBetween, smoothProfile } from './margin-path.ts';
import { fitParabola, valueAt } from './parabola-fit.ts';
import type { Parabola } from './parabola-fit.ts';
import type { PeriostealEdge } from './periosteal-edge.ts';
import { findPeriostealEdge } from './periosteal-edge.ts';
import { averageColumns, cutStrip } from './profile-strip.ts';

/** Why a side was not measured. */
export type WidthRefusal =
  | 'foramen-not-found'
  | 'border-not-visible'
  | 'out-of-picture'
  | 'contrast-too-low'
  | 'margin-unclear'
  | 'width-implausible';

/** A mental foramen as it was found: a place of the film and how far it may be off. */
interface FoundForamen {
  readonly xPx: number;
  readonly yPx: number;
  /** Probability that it lies within 3 mm of where a reader would put it. */
  readonly confidence: number;
  /** Standard deviations along and across the border; absent where nobody estimated them. */
  readonly spreadPx?: { readonly along: number; readonly across: number };
}

/** What is measured: a film, the outline of its inferior border, and one mental foramen. */
export interface CorticalWidthInput {
  readonly film: Film;
  /** Periosteal inferior border in film pixels, left to right. */
  readonly border: readonly PointPx[];
  /** Null where no foramen was found. */
  readonly foramen: FoundForamen | null;
  readonly side: Side;
  /** Detector scale; null where the film has none, then it is guessed from the height of the foramen. */
  readonly mmPerPx: number | null;
}

/** Below this the place of the foramen is no better than a guess. */
export const FORAMEN_CONFIDENCE_MIN = 0.1;
/** Mean height of the foramen over the border on the detector; only sizes windows where a film has no scale. */
const FORAMEN_HEIGHT_MM = 14;
/**
 * The body of the mandible goes on for some 60 mm behind the foramen. Where the border ends sooner, that side is not
 * on the film, and what looks like a foramen is something else.
 */
const BORDER_BEHIND_FORAMEN_MM_MIN = 20;
const HALF_STRIP_MM = 4;
const HALF_PATH_MM = 8;
const WIDTH_MIN_MM = 0.7;
const WIDTH_MAX_MM = 9;
const STANDARD_ERROR_MAX_MM = 1.2;

/**
 * Mandibular cortical width and panoramic mandibular index of one side, by the mental index construction: the
 * tangent to the inferior border below the foramen, and the perpendicular to it through the foramen's centre.
 * Both margins are found on a strip 8 mm long and not on one line.
 */
export function measureCorticalWidth(input: CorticalWidthInput): SideMeasurement {
  const { film, border, foramen, mmPerPx } = input;
  if (foramen === null || foramen.confidence < FORAMEN_CONFIDENCE_MIN)
    return refuse(input, 'foramen-not-found');
  if (!insideFilm(film, foramen.xPx, foramen.yPx)) return refuse(input, 'out-of-picture');
  const foramenPx: PointPx = [foramen.xPx, foramen.yPx];
  const pxPerMm = mmPerPx === null ? guessScale(border, foramenPx) : 1 / mmPerPx;
  const frame = fitBorderFrame(border, foramenPx, 6 * pxPerMm);
  if (frame === null || frame.foramenHeightPx < 4 * pxPerMm) return refuse(input, 'border-not-visible');
  if (borderBehindPx(input, foramen.xPx) < BORDER_BEHIND_FORAMEN_MM_MIN * pxPerMm) {
    return refuse(input, 'out-of-picture');
  }
  const reach = chooseReach(film, frame, pxPerMm);
  if (reach === null) return refuse(input, 'out-of-picture');
  const edge = findPeriostealEdge(film, frame, reach.fromPx, reach.toPx, pxPerMm);
  if (edge === null || edge.clearness < 1) return refuse(input, 'border-not-visible');
  const depthMaxPx = Math.min(WIDTH_MAX_MM * pxPerMm, 0.62 * frame.foramenHeightPx);
  const depthToPx = depthMaxPx + 4 * pxPerMm;
  const strip = cutStrip(film, frame, { ...reach, depthFromPx: -pxPerMm, depthToPx }, (s) =>
    valueAt(edge.offset, s),
  );
  const margin = findEndostealMargin(strip, pxPerMm, depthMaxPx);
  if (margin === null || margin.contrast <= 0) return refuse(input, 'contrast-too-low');
  return conclude(input, frame, edge, margin, pxPerMm);
}

/** How far the border goes on behind the foramen: to the left in the picture for the patient's right. */
function borderBehindPx({ border, side }: CorticalWidthInput, foramenXPx: number): number {
  return side === 'R'
    ? foramenXPx - (border[0]?.[0] ?? foramenXPx)
    : (border.at(-1)?.[0] ?? foramenXPx) - foramenXPx;
}

function conclude(
  input: CorticalWidthInput,
  frame: BorderFrame,
  edge: PeriostealEdge,
  margin: EndostealMargin,
  pxPerMm: number,
): SideMeasurement {
  const width = measureWidth(input, frame, edge, margin, pxPerMm);
  if (width === null) return refuse(input, 'margin-unclear');
  const offset = valueAt(edge.offset, 0);
  const { point, normal } = placeOnBorder(frame, 0);
  const at = (depth: number): PointPx => [point[0] + normal[0] * depth, point[1] + normal[1] * depth];
  const radius = measureForamenRadius(input.film, frame, pxPerMm);
  const toForamen = frame.foramenHeightPx - offset - radius;
  const found = {
    ...blank(input),
    outerPx: at(offset),
    innerPx: at(offset + width.widthPx),
    widthPx: width.widthPx,
    pmi: toForamen > width.widthPx ? width.widthPx / toForamen : null,
    uncertaintyPx: width.standardErrorPx,
  };
  const widthMm = width.widthPx / pxPerMm;
  if (widthMm < WIDTH_MIN_MM || widthMm > WIDTH_MAX_MM) return { ...found, reason: 'width-implausible' };
  if (width.standardErrorPx > STANDARD_ERROR_MAX_MM * pxPerMm) return { ...found, reason: 'margin-unclear' };
  return { ...found, assessable: true };
}

interface Width {
  readonly widthPx: number;
  readonly standardErrorPx: number;
}

/**
 * The width at the foramen from the strip around it, straightened along the margin's own smooth course. Its
 * standard error adds up what moves it: the same fit at five places, the periosteal edge, a rival edge, and the
 * change of the width over the distance by which the foramen may be misplaced.
 */
function measureWidth(
  input: CorticalWidthInput,
  frame: BorderFrame,
  edge: PeriostealEdge,
  margin: EndostealMargin,
  pxPerMm: number,
): Width | null {
  const course = smoothCourse(margin, HALF_STRIP_MM * pxPerMm);
  if (course === null) return null;
  const half = HALF_STRIP_MM * pxPerMm;
  const window = 1.4 * pxPerMm;
  const extent = { fromPx: -half, toPx: half, depthFromPx: -window, depthToPx: window };
  const strip = cutStrip(input.film, frame, extent, (s) => valueAt(edge.offset, s) + valueAt(course, s));
  const axis = Float64Array.from({ length: strip.depths }, (_, k) => strip.depthFromPx + k * strip.stepPx);
  const locate = (from: number, to: number): number | null => {
    const profile = averageColumns(strip, from, to);
    const found = fitEdgeBreak(axis, profile, {
      fromPx: -0.6 * pxPerMm,
      toPx: 0.6 * pxPerMm,
      halfWindowPx: pxPerMm,
      windowEndPx: endOfGap(axis, profile, pxPerMm),
      sign: -1,
      expectedPx: 0,
      expectedSpreadPx: 0.35 * pxPerMm,
    });
    return found?.at ?? null;
  };
  const last = strip.alongPx.length - 1;
  const whole = locate(0, last);
  if (whole === null) return null;
  const fifth = last / 5;
  const places = [0, 1, 2, 3, 4]
    .map((k) => locate(Math.round(k * fifth), Math.round((k + 1) * fifth)))
    .filter((value) => value !== null);
  const spread = standardDeviation(places) / Math.sqrt(Math.max(1, places.length));
  const misplacedPx = (1 + 3 * (1 - (input.foramen?.confidence ?? 0))) * pxPerMm;
  const drift = Math.abs(course.slope) * misplacedPx;
  const doubt = 0.5 * pxPerMm * Math.max(0, 0.6 - margin.clearShare);
  // With two edges to choose from, the wrong one is taken now and then: a quarter of the way between them.
  const rival = 0.25 * (margin.rivalPx ?? 0);
  const standardErrorPx = Math.hypot(Math.max(0.25, spread), edge.standardErrorPx, drift, doubt, rival);
  return { widthPx: course.height + whole, standardErrorPx };
}

/** Where a dark gap beyond the margin ends because a residue begins; the residue is no part of the fall. */
function endOfGap(axis: Float64Array, profile: Float64Array, pxPerMm: number): number {
  const smooth = smoothProfile(profile, 2);
  let lowest = { at: Infinity, value: Infinity };
  let highest = -Infinity;
  axis.forEach((depth, index) => {
    const value = smooth[index] ?? NaN;
    if (depth < -pxPerMm || depth > pxPerMm) return;
    if (depth < 0.3 * pxPerMm && value > highest) highest = value;
    if (depth >= 0.2 * pxPerMm && value < lowest.value) lowest = { at: depth, value };
  });
  const last = meanBetween(axis, smooth, 0.8 * pxPerMm, pxPerMm);
  const rises = last - lowest.value > 0.25 * (highest - lowest.value);
  return rises ? lowest.at + 0.1 * pxPerMm : Infinity;
}

function smoothCourse(margin: EndostealMargin, halfPx: number): Parabola | null {
  const { alongPx } = margin.segments;
  const points = Array.from(alongPx, (s, index): [number, number] => [s, margin.path.depthPx[index] ?? NaN]);
  return fitParabola(points.filter(([s]) => Math.abs(s) <= halfPx));
}

/** The part of the border that is measured: as far as the outline reaches and the film shows it. */
function chooseReach(
  film: Film,
  frame: BorderFrame,
  pxPerMm: number,
): { fromPx: number; toPx: number } | null {
  const most = HALF_PATH_MM * pxPerMm;
  const visible = (s: number): boolean => {
    const { point, normal } = placeOnBorder(frame, s);
    const deep = WIDTH_MAX_MM * pxPerMm;
    return (
      insideFilm(film, point[0], point[1]) &&
      insideFilm(film, point[0] + normal[0] * deep, point[1] + normal[1] * deep)
    );
  };
  const walk = (direction: number, limit: number): number => {
    let s = 0;
    while (s < limit && visible(direction * (s + 1))) s += 1;
    return s;
  };
  const [left, right] = [
    walk(-1, Math.min(most, frame.reachLeftPx)),
    walk(1, Math.min(most, frame.reachRightPx)),
  ];
  return Math.min(left, right) < 0.75 * HALF_STRIP_MM * pxPerMm ? null : { fromPx: -left, toPx: right };
}

function insideFilm(film: Film, x: number, y: number): boolean {
  return x >= 0 && y >= 0 && x < film.columns - 1 && y < film.rows - 1;
}

function guessScale(border: readonly PointPx[], foramenPx: PointPx): number {
  const distances = border.map(([x, y]) => Math.hypot(x - foramenPx[0], y - foramenPx[1]));
  return Math.max(2, Math.min(...distances) / FORAMEN_HEIGHT_MM);
}

function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

function blank(input: CorticalWidthInput): SideMeasurement {
  const { foramen, side } = input;
  return {
    side,
    assessable: false,
    reason: null,
    foramenPx: foramen === null ? null : [foramen.xPx, foramen.yPx],
    foramenConfidence: foramen?.confidence ?? null,
    outerPx: null,
    innerPx: null,
    widthPx: null,
    pmi: null,
    uncertaintyPx: null,
    otherWidthPx: null,
    widthsBeside: [],
    mci: null,
  };
}

function refuse(input: CorticalWidthInput, reason: WidthRefusal): SideMeasurement {
  return { ...blank(input), reason };
}
