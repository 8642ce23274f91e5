/** The bars of a step phantom: how high each stands on the film, to a fraction of a pixel. Pure. */
import type { Film, PointPx } from '../exam/film.ts';
import { type BrightObject, findBrightObjects } from './bright-objects.ts';
import { type PassedOver, PHANTOM_MAGNIFICATION, PHANTOM_PIXELS_MIN } from './phantom-object.ts';

/** One bar. Pixels of the film. */
export interface MeasuredBar {
  readonly centerPx: PointPx;
  /** From edge to edge, square to the edges. */
  readonly heightPx: number;
  /** One standard error of the height. */
  readonly heightErrorPx: number;
}

/** What a film of bars shows. */
export interface BarReading {
  /** From left to right. */
  readonly bars: readonly MeasuredBar[];
  readonly passedOver: readonly PassedOver[];
}

/** Of its bounding box an upright bar fills nearly all, one that leans less; a ball pi / 4, but that is an ellipse. */
const [FILL_MIN, FILL_MIN_UPRIGHT] = [0.65, 0.85];
const ELLIPSE_SHARE_MAX = 0.975;
/** Edges are read in the middle of a bar, away from its ends. */
const ENDS_LEFT_OUT = 0.15;
const [PLACES_MIN, PLACES_MAX] = [8, 40];
const TILT_MAX = Math.tan((5 * Math.PI) / 180);
/** Two edges that differ more in their slope are not those of a bar. */
const SLOPE_DIFFERENCE_MAX = 0.02;
/** A height that is known no better is no measure. */
const ERROR_SHARE_MAX = 0.005;

/**
 * Measures all bright bars of one height, each wider than half of it.
 * @param stepPx height that a bar would have on the film if nothing were magnified
 */
export function measureBars(film: Film, stepPx: number): BarReading {
  const { least, most } = PHANTOM_MAGNIFICATION;
  const sizes = { leastPx: stepPx * least, mostPx: stepPx * most };
  if (sizes.leastPx < PHANTOM_PIXELS_MIN) return { bars: [], passedOver: [] };
  const bars: MeasuredBar[] = [];
  const passedOver: PassedOver[] = [];
  for (const object of findBrightObjects(film, sizes)) {
    const { columns, rows, areaPx, ellipseShare, isCutOff, centerPx } = object;
    const fill = areaPx / (columns * rows);
    const isRound = fill < FILL_MIN_UPRIGHT && (isCutOff || ellipseShare > ELLIPSE_SHARE_MAX);
    if (areaPx < 0.4 * sizes.leastPx ** 2 || fill < FILL_MIN || isRound) continue;
    if (isCutOff) {
      passedOver.push({ centerPx, problem: 'cut-off' });
      continue;
    }
    const measured = measureBar(film, object);
    if (typeof measured === 'string') passedOver.push({ centerPx, problem: measured });
    else if (measured.heightPx >= sizes.leastPx && measured.heightPx <= sizes.mostPx) bars.push(measured);
    else passedOver.push({ centerPx, problem: 'of-another-size' });
  }
  return { bars: bars.sort((a, b) => a.centerPx[0] - b.centerPx[0]), passedOver };
}

interface EdgePlace {
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
}

function measureBar(film: Film, object: BrightObject): MeasuredBar | 'edge-unclear' | 'not-straight' {
  const [centerX] = object.centerPx;
  const half = object.columns * (0.5 - ENDS_LEFT_OUT);
  const count = Math.min(PLACES_MAX, Math.floor(2 * half));
  const breadth = Math.max(1, Math.floor((2 * half) / count));
  const places = Array.from({ length: count }, (_, i) => centerX - half + ((i + 0.5) * 2 * half) / count);
  const edges = places.flatMap((x) => edgesAt(film, object, x, breadth) ?? []);
  if (edges.length < Math.max(PLACES_MIN, 0.7 * count)) return 'edge-unclear';
  const top = fitLine(edges.map(({ x, top: y }) => [x - centerX, y]));
  const bottom = fitLine(edges.map(({ x, bottom: y }) => [x - centerX, y]));
  const slope = (top.slope + bottom.slope) / 2;
  if (Math.abs(slope) > TILT_MAX || Math.abs(top.slope - bottom.slope) > SLOPE_DIFFERENCE_MAX)
    return 'not-straight';
  const heightPx = (bottom.height - top.height) / Math.hypot(1, slope);
  const heightErrorPx = Math.hypot(top.error, bottom.error);
  if (heightErrorPx > ERROR_SHARE_MAX * heightPx) return 'edge-unclear';
  return { centerPx: [centerX, (top.height + bottom.height) / 2], heightPx, heightErrorPx };
}

/** Where a column rises to half between its surroundings and the bar, above and below; null where it does not. */
function edgesAt(film: Film, object: BrightObject, x: number, breadth: number): EdgePlace | null {
  const [, centerY] = object.centerPx;
  const half = object.rows / 2;
  const first = Math.max(0, Math.round(centerY - 1.6 * half));
  const last = Math.min(film.rows - 1, Math.round(centerY + 1.6 * half));
  const from = Math.max(0, Math.round(x - breadth / 2));
  const to = Math.min(film.columns, from + breadth);
  const profile = Array.from({ length: last - first + 1 }, (_, i) => {
    let sum = 0;
    for (let column = from; column < to; column++)
      sum += film.values[film.samples[(first + i) * film.columns + column] ?? 0] ?? 0;
    return sum / Math.max(1, to - from);
  });
  const middle = Math.round(centerY) - first;
  const plateau = medianOf(profile.slice(Math.round(middle - half / 2), Math.round(middle + half / 2) + 1));
  const outside = Math.max(2, Math.round(0.35 * half));
  const above = crossingOf(profile, middle, -1, (plateau + medianOf(profile.slice(0, outside))) / 2);
  const below = crossingOf(profile, middle, 1, (plateau + medianOf(profile.slice(-outside))) / 2);
  return above === null || below === null ? null : { x, top: first + above, bottom: first + below };
}

function crossingOf(profile: readonly number[], start: number, step: 1 | -1, level: number): number | null {
  for (let i = start; profile[i + step] !== undefined; i += step) {
    const [here = 0, next = 0] = [profile[i], profile[i + step]];
    if (here >= level && next < level) return i + (step * (here - level)) / (here - next);
  }
  return null;
}

interface Line {
  readonly height: number;
  readonly slope: number;
  /** One standard error of the height. */
  readonly error: number;
}

/** A straight line through points of which a few may lie off it. */
function fitLine(points: readonly (readonly [number, number])[]): Line {
  const first = straightLine(points);
  const offOf = ([x, y]: readonly [number, number]): number => Math.abs(y - first.height - first.slope * x);
  const limit = 3 * 1.48 * medianOf(points.map(offOf)) + 1e-6;
  return straightLine(points.filter((point) => offOf(point) <= limit));
}

function straightLine(points: readonly (readonly [number, number])[]): Line {
  const count = points.length;
  const [meanX, meanY] = [0, 1].map(
    (axis) => points.reduce((sum, point) => sum + (point[axis] ?? 0), 0) / count,
  );
  let [xx, xy] = [1e-9, 0];
  for (const [x, y] of points) {
    xx += (x - (meanX ?? 0)) ** 2;
    xy += (x - (meanX ?? 0)) * (y - (meanY ?? 0));
  }
  const slope = xy / xx;
  const height = (meanY ?? 0) - slope * (meanX ?? 0);
  const squares = points.reduce((sum, [x, y]) => sum + (y - height - slope * x) ** 2, 0);
  return { height, slope, error: Math.sqrt(squares / Math.max(1, count - 2) / count) };
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
