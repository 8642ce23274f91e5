import type { Side, SideMeasurement, WidthBeside } from '../exam/analysis.ts';
import type { Film, PointPx } from '../exam/film.ts';
import type { BorderPath, FootPoint } from './border-path.ts';
import { findFootPoint, layBorderPath } from './border-path.ts';
import type { CorticalIndexModel } from './cortical-index-model.ts';
import { readCorticalIndex } from './cortical-index.ts';
import { measureForamenRadius } from './foramen-margin.ts';
import type { PlacedForamen } from './foramen-place.ts';
import type { StripPlace } from './site-strip.ts';
import { cutSiteStrip, distalSign, SITE_REACH, STEP_MM } from './site-strip.ts';
import type { SiteReading, SiteRefusal } from './site-reading.ts';
import { readSites } from './site-reading.ts';
import type { PlacedReading, WidthEstimate } from './width-estimate.ts';
import { estimateWidth } from './width-estimate.ts';

/** Why a side was not measured. */
export type WidthRefusal =
  | SiteRefusal
  | 'foramen-not-found'
  | 'resolution-too-low'
  | 'out-of-picture'
  | 'contrast-too-low'
  | 'margin-unclear'
  | 'width-implausible';

/** A mental foramen as it was found; without a spread where nobody estimated one. */
type FoundForamen = Omit<PlacedForamen, 'spreadPx'> & Partial<Pick<PlacedForamen, 'spreadPx'>>;

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
  /** Coefficients of Klemetti's class; left out: those that are shipped. An evaluation has one of each fold. */
  readonly indexModel?: CorticalIndexModel;
}

/** Below this the place of the foramen is no better than a guess. */
export const FORAMEN_CONFIDENCE_MIN = 0.1;
/** Mean height of the foramen over the border on the detector; only sizes windows where a film has no scale. */
const FORAMEN_HEIGHT_MM = 14;
const FORAMEN_HEIGHT_MM_MIN = 4;
/**
 * The body of the mandible goes on for some 60 mm behind the foramen. Where the border ends sooner, that side is not
 * on the film, and what looks like a foramen is something else.
 */
const BORDER_BEHIND_FORAMEN_MM_MIN = 20;
/** The border is followed this far to either side of the foramen. */
const BORDER_BESIDE_FORAMEN_MM = 28;
/** The width is read at these places along the border, 1.25 mm apart: steps distally of the foot point. */
const PLACES = [-52, -39, -26, -13, 0, 13, 26, 39, 52];
/** In coarser pixels the gap before a residue, some 0.4 mm wide, cannot be seen. */
const PX_PER_MM_MIN = 3;
const WIDTH_MIN_MM = 0.7;
const WIDTH_MAX_MM = 9;
const STANDARD_ERROR_MAX_MM = 1.6;

/** One side that can be read: its border and where the perpendicular through the foramen meets it. */
interface Site {
  readonly film: Film;
  readonly side: Side;
  readonly pxPerMm: number;
  readonly path: BorderPath;
  readonly foot: FootPoint;
}

/**
 * Mandibular cortical width and panoramic mandibular index of one side, by the mental index construction: the
 * tangent to the inferior border below the foramen, and the perpendicular to it through the foramen's centre
 * (Ledgerton 1999, Benson 1991). Border and margin are read by the rule of models/training/mandible-contour/labels/TRACING_RULE.md at
 * several places, because a foramen is found only so well.
 */
export function measureCorticalWidth(input: CorticalWidthInput): SideMeasurement {
  const site = locateSite(input);
  if (typeof site === 'string') return refuse(input, site);
  const read = readSites(site.film, placeOf(site, 0), PLACES);
  const centre = read[PLACES.indexOf(0)];
  if (centre === undefined || typeof centre === 'string')
    return refuse(input, centre ?? 'border-not-visible');
  const readings = PLACES.map((distal, index) => {
    const reading = read[index];
    return { distal, reading: reading === undefined || typeof reading === 'string' ? null : reading };
  });
  const estimate = estimateWidth(readings, placeSpread(input, site));
  if (estimate === null)
    return refuse(input, centre.likely.length === 0 ? 'contrast-too-low' : 'margin-unclear');
  return conclude(input, site, centre, estimate, readings);
}

function locateSite(input: CorticalWidthInput): Site | WidthRefusal {
  const { film, border, foramen, side, mmPerPx } = input;
  if (foramen === null || foramen.confidence < FORAMEN_CONFIDENCE_MIN) return 'foramen-not-found';
  if (!insideFilm(film, foramen.xPx, foramen.yPx)) return 'out-of-picture';
  const foramenPx: PointPx = [foramen.xPx, foramen.yPx];
  const pxPerMm = mmPerPx === null ? guessScale(border, foramenPx) : 1 / mmPerPx;
  if (pxPerMm < PX_PER_MM_MIN) return 'resolution-too-low';
  const near = border.filter(([x]) => Math.abs(x - foramen.xPx) <= BORDER_BESIDE_FORAMEN_MM * pxPerMm);
  const path = layBorderPath(near, STEP_MM * pxPerMm, pxPerMm);
  const foot = path && findFootPoint(path, foramenPx, pxPerMm);
  if (path === null || foot === null || foot.foramenHeightPx < FORAMEN_HEIGHT_MM_MIN * pxPerMm)
    return 'border-not-visible';
  if (!insideFilm(film, ...foot.point)) return 'out-of-picture';
  if (borderBehindPx(input, foramen.xPx) < BORDER_BEHIND_FORAMEN_MM_MIN * pxPerMm) return 'out-of-picture';
  return { film, side, pxPerMm, path, foot };
}

/** How far the border goes on behind the foramen: to the left in the picture for the patient's right. */
function borderBehindPx({ border, side }: CorticalWidthInput, foramenXPx: number): number {
  return side === 'R'
    ? foramenXPx - (border[0]?.[0] ?? foramenXPx)
    : (border.at(-1)?.[0] ?? foramenXPx) - foramenXPx;
}

function placeOf({ path, foot, side, pxPerMm }: Site, offset: number): StripPlace {
  return { path, side, pxPerMm, at: foot.at, offset };
}

/** How far along the border the foramen may lie from where it was found, steps. */
function placeSpread({ foramen }: CorticalWidthInput, { path, pxPerMm }: Site): number {
  const guessPx = (1 + 3 * (1 - (foramen?.confidence ?? 0))) * pxPerMm;
  return (foramen?.spreadPx?.along ?? guessPx) / path.stepPx;
}

function conclude(
  input: CorticalWidthInput,
  site: Site,
  centre: SiteReading,
  { width, standardError, other }: WidthEstimate,
  readings: readonly PlacedReading[],
): SideMeasurement {
  const { path, foot, pxPerMm } = site;
  const { stepPx } = path;
  const at = (depth: number): PointPx => [
    foot.point[0] + foot.normal[0] * depth * stepPx,
    foot.point[1] + foot.normal[1] * depth * stepPx,
  ];
  const widthPx = width * stepPx;
  const radiusPx = measureForamenRadius(input.film, foot, pxPerMm);
  const toForamenPx = foot.foramenHeightPx - centre.outer * stepPx - radiusPx;
  const strip = cutSiteStrip(input.film, placeOf(site, centre.outer), SITE_REACH);
  const found = {
    ...blank(input),
    outerPx: at(centre.outer),
    innerPx: at(centre.outer + width),
    widthPx,
    pmi: toForamenPx > widthPx ? widthPx / toForamenPx : null,
    uncertaintyPx: standardError * stepPx,
    otherWidthPx: other === null ? null : other * stepPx,
    widthsBeside: widthsBeside(site, readings),
    mci: readCorticalIndex({ strip, widthSteps: width, outside: centre.levels.outside }, input.indexModel),
  };
  const widthMm = width * STEP_MM;
  if (widthMm < WIDTH_MIN_MM || widthMm > WIDTH_MAX_MM) return { ...found, reason: 'width-implausible' };
  if (standardError * STEP_MM > STANDARD_ERROR_MAX_MM) return { ...found, reason: 'margin-unclear' };
  return { ...found, assessable: true };
}

/** The widths at the places beside the foot point, left to right. */
function widthsBeside({ path, side }: Site, readings: readonly PlacedReading[]): WidthBeside[] {
  return readings
    .map(({ distal, reading }) => ({
      // A minus zero would come back from JSON as another number.
      alongPx: distal === 0 ? 0 : distalSign(side) * distal * path.stepPx,
      widthPx: reading?.width == null ? null : reading.width * path.stepPx,
    }))
    .sort((a, b) => a.alongPx - b.alongPx);
}

function insideFilm(film: Film, x: number, y: number): boolean {
  return x >= 0 && y >= 0 && x < film.columns - 1 && y < film.rows - 1;
}

function guessScale(border: readonly PointPx[], foramenPx: PointPx): number {
  const distances = border.map(([x, y]) => Math.hypot(x - foramenPx[0], y - foramenPx[1]));
  return Math.max(2, Math.min(...distances) / FORAMEN_HEIGHT_MM);
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
