import { smoothProfile } from './profile-smoothing.ts';
import type { SiteStrip } from './site-strip.ts';

/** The endosteal margin followed along a strip, and the strip's columns that were followed. Depths in steps. */
export interface MarginCourse {
  /** First and last column of the strip that is read. */
  readonly firstColumn: number;
  readonly lastColumn: number;
  /** Depth of the margin in each column from the first to the last. */
  readonly depth: Float64Array;
}

/** Distal end of what Klemetti's class is read from, and the least that must be seen of it: 10 mm and 6 mm. */
const DISTAL_TO = 105;
const DISTAL_MIN = 62;
/** The strip about the foot belongs to it as well. */
const MESIAL_TO = -21;
/** A margin that runs further off than this from its depth at the foot is another edge: 2.5 mm. */
const DRIFT_MAX = 26;
const DEPTH_MIN = 8;
/** An edge is a fall over so many steps. */
const FALL_HALF = 4;
const ACROSS_SMOOTHING = 1.5;
const ALONG_SMOOTHING = 4;
const COLUMN_STEP = 2;
/** Moving by one step of depth costs so much of the contrast. */
const MOVE_COST = 0.03;
const FALL_MAX = 1.5;
/** How firmly the course is held to the margin that was measured at the foot. */
const FOOT_HALF = 6;
const FOOT_PULL = 0.05;

/**
 * Follows the margin from the foot point mesially and distally: the continuous line with the greatest summed fall.
 * @param widthSteps depth of the margin at the foot
 * @param contrast brightness of the cortex above that of the marrow
 * @returns null where less than 6 mm distal of the foot lies on the film
 */
export function followMarginCourse(
  strip: SiteStrip,
  widthSteps: number,
  contrast: number,
): MarginCourse | null {
  const seen = findSeenColumns(strip, widthSteps);
  if (seen === null) return null;
  const [firstColumn, lastColumn] = seen;
  const rowFrom = Math.max(DEPTH_MIN, Math.ceil(widthSteps - DRIFT_MAX)) - strip.depthFrom;
  const rowTo = Math.min(strip.rows - 1 - FALL_HALF, Math.floor(widthSteps + DRIFT_MAX) - strip.depthFrom);
  const smooth = smoothStrip(strip, ACROSS_SMOOTHING, ALONG_SMOOTHING, [
    rowFrom - FALL_HALF,
    rowTo + FALL_HALF,
  ]);
  const count = Math.floor((lastColumn - firstColumn) / COLUMN_STEP) + 1;
  const gains = Array.from({ length: count }, (_, index) => {
    const column = firstColumn + index * COLUMN_STEP;
    const isFoot = Math.abs(column + strip.alongFrom) <= FOOT_HALF;
    return Float64Array.from({ length: rowTo - rowFrom + 1 }, (_row, offset) => {
      const row = rowFrom + offset;
      const at = (r: number): number => smooth[r * strip.columns + column] ?? NaN;
      const fall = (at(row - FALL_HALF) - at(row + FALL_HALF)) / contrast;
      const away = row + strip.depthFrom - widthSteps;
      const gain = Number.isNaN(fall) ? 0 : Math.max(-1, Math.min(FALL_MAX, fall));
      return gain - (isFoot ? FOOT_PULL * away * away : 0);
    });
  });
  const rows = tracePath(gains);
  const depth = Float64Array.from({ length: lastColumn - firstColumn + 1 }, (_, offset) => {
    const place = offset / COLUMN_STEP;
    const before = rows[Math.floor(place)] ?? 0;
    const after = rows[Math.min(rows.length - 1, Math.ceil(place))] ?? 0;
    return before + (place - Math.floor(place)) * (after - before) + rowFrom + strip.depthFrom;
  });
  return { firstColumn, lastColumn, depth };
}

/** The columns about the foot that lie on the film down to well below the margin. */
function findSeenColumns(strip: SiteStrip, widthSteps: number): readonly [number, number] | null {
  const [top, bottom] = [-strip.depthFrom, Math.round(widthSteps + DRIFT_MAX) - strip.depthFrom];
  const isSeen = (column: number): boolean =>
    column >= 0 &&
    column < strip.columns &&
    !Number.isNaN(strip.samples[top * strip.columns + column] ?? NaN) &&
    !Number.isNaN(strip.samples[Math.min(strip.rows - 1, bottom) * strip.columns + column] ?? NaN);
  const foot = -strip.alongFrom;
  let [first, last] = [foot, foot];
  while (first > foot + MESIAL_TO && isSeen(first - 1)) first -= 1;
  while (last < foot + DISTAL_TO && isSeen(last + 1)) last += 1;
  return last - foot < DISTAL_MIN ? null : [first, last];
}

/**
 * The strip smoothed by Gaussians across and along the border, in steps, between two of its rows; NaN elsewhere, for
 * the whole of it would cost more than all that is measured on it.
 */
export function smoothStrip(
  { rows, columns, samples }: SiteStrip,
  across: number,
  along: number,
  [rowFrom, rowTo]: readonly [number, number],
): Float64Array {
  const smooth = new Float64Array(rows * columns).fill(NaN);
  const reach = Math.ceil(2.5 * across);
  const [first, last] = [Math.max(0, rowFrom - reach), Math.min(rows - 1, rowTo + reach)];
  for (let row = first; row <= last; row += 1) {
    const line = Float64Array.from(samples.subarray(row * columns, (row + 1) * columns));
    smooth.set(smoothProfile(line, along), row * columns);
  }
  const line = new Float64Array(last - first + 1);
  for (let column = 0; column < columns; column += 1) {
    for (let row = first; row <= last; row += 1) line[row - first] = smooth[row * columns + column] ?? NaN;
    smoothProfile(line, across).forEach((value, at) => (smooth[(first + at) * columns + column] = value));
  }
  return smooth;
}

/** The row in each column of the path with the greatest sum (dynamic programming, one row a column). */
function tracePath(gains: readonly Float64Array[]): Int32Array {
  const rows = gains[0]?.length ?? 0;
  let sums = new Float64Array(rows);
  const back = gains.map((gain, index) => {
    const from = new Int8Array(rows);
    const next = new Float64Array(rows);
    for (let row = 0; row < rows; row += 1) {
      let best = index === 0 ? 0 : -Infinity;
      for (let move = -1; move <= 1 && index > 0; move += 1) {
        const reached = (sums[row + move] ?? -Infinity) - Math.abs(move) * MOVE_COST;
        if (reached > best) [best, from[row]] = [reached, move];
      }
      next[row] = best + (gain[row] ?? 0);
    }
    sums = next;
    return from;
  });
  const path = new Int32Array(gains.length);
  let at = sums.reduce((best, value, row) => (value > (sums[best] ?? -Infinity) ? row : best), 0);
  for (let index = gains.length - 1; index >= 0; index -= 1) {
    path[index] = at;
    at += back[index]?.[at] ?? 0;
  }
  return path;
}
