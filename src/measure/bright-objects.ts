/** Bright objects of a known order of size on an uneven background: the balls and bars of a phantom. Pure. */
import type { Film, PointPx } from '../exam/film.ts';
import { areaAverage } from '../imaging/area-average.ts';

/** A bright object, roughly: what lies above half of its own height over its surroundings. Pixels of the film. */
export interface BrightObject {
  readonly centerPx: PointPx;
  readonly columns: number;
  readonly rows: number;
  readonly areaPx: number;
  /** Its area over that of the ellipse of the same second moments: 1 for an ellipse, less for anything else. */
  readonly ellipseShare: number;
  /** Whether it goes on beyond the film. */
  readonly isCutOff: boolean;
}

/** The sizes that are looked for, pixels of the film. */
export interface ObjectSizes {
  readonly leastPx: number;
  readonly mostPx: number;
}

/** The least object keeps this many pixels across where the film is looked at reduced. */
const PIXELS_ACROSS = 16;
/** A larger film is looked at reduced, whatever the object's size. */
const LOOKED_AT_MAX = 12_000_000;
/** What is less than this share as bright above its surroundings as the brightest object is not looked at. */
const FAINTEST_SHARE = 0.25;
/** Nor what stands out less than this share of all the greys of the film: grain, and the waves of a background. */
const CONTRAST_MIN = 0.15;
const OBJECTS_MAX = 500;

/** The objects, brightest first. What is larger than `mostPx` both ways counts as background. */
export function findBrightObjects(film: Film, sizes: ObjectSizes): readonly BrightObject[] {
  const factor = Math.max(
    1,
    Math.floor(sizes.leastPx / PIXELS_ACROSS),
    Math.ceil(Math.sqrt((film.columns * film.rows) / LOOKED_AT_MAX)),
  );
  const columns = Math.max(3, Math.round(film.columns / factor));
  const rows = Math.max(3, Math.round(film.rows / factor));
  const grey = smooth(areaAverage(film, film.values, { columns, rows }), columns, rows);
  const window = Math.ceil((1.3 * sizes.mostPx) / factor) + 2;
  const height = heightsAbove(grey, columns, rows, window);
  const scale: Scale = { columns, rows, across: film.columns / columns, down: film.rows / rows };
  const limits = { areaMin: 0.1 * (sizes.leastPx / factor) ** 2, heightMin: CONTRAST_MIN * rangeOf(grey) };
  return regionsOf(height, scale, limits);
}

interface Scale {
  readonly columns: number;
  readonly rows: number;
  readonly across: number;
  readonly down: number;
}

function smooth(grey: Float32Array, columns: number, rows: number): Float32Array {
  const out = new Float32Array(grey.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      let count = 0;
      for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
          sum += grey[y * columns + x] ?? 0;
          count++;
        }
      }
      out[row * columns + column] = sum / count;
    }
  }
  return out;
}

/** The picture over its opening by a square: what no square of that size fits into stands out, slopes do not. */
function heightsAbove(grey: Float32Array, columns: number, rows: number, window: number): Float32Array {
  const lowest = slide(slide(grey, columns, rows, window, Math.min), columns, rows, window, Math.min, true);
  const opened = slide(slide(lowest, columns, rows, window, Math.max), columns, rows, window, Math.max, true);
  return grey.map((value, i) => value - (opened[i] ?? 0));
}

/** Least or greatest within a window along the rows, or the columns, in time that does not depend on the window. */
function slide(
  grey: Float32Array,
  columns: number,
  rows: number,
  window: number,
  pick: (one: number, other: number) => number,
  isDown = false,
): Float32Array {
  const [lines, length, step, stride] = isDown ? [columns, rows, columns, 1] : [rows, columns, 1, columns];
  const half = Math.floor(window / 2);
  const size = 2 * half + 1;
  const padded = Math.ceil((length + 2 * half) / size) * size;
  const out = new Float32Array(grey.length);
  const [forward, backward] = [new Float32Array(padded), new Float32Array(padded)];
  const none = pick(-1, 1) === -1 ? Infinity : -Infinity;
  for (let line = 0; line < lines; line++) {
    const valueAt = (i: number): number =>
      i < half || i >= length + half ? none : (grey[line * stride + (i - half) * step] ?? 0);
    for (let i = 0; i < padded; i++)
      forward[i] = i % size === 0 ? valueAt(i) : pick(forward[i - 1] ?? 0, valueAt(i));
    for (let i = padded - 1; i >= 0; i--)
      backward[i] = i % size === size - 1 ? valueAt(i) : pick(backward[i + 1] ?? 0, valueAt(i));
    for (let i = 0; i < length; i++)
      out[line * stride + i * step] = pick(backward[i] ?? 0, forward[i + size - 1] ?? 0);
  }
  return out;
}

interface RegionLimits {
  readonly areaMin: number;
  readonly heightMin: number;
}

function rangeOf(grey: Float32Array): number {
  let [low, high] = [Infinity, -Infinity];
  for (const value of grey) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return high - low;
}

function regionsOf(
  height: Float32Array,
  scale: Scale,
  { areaMin, heightMin }: RegionLimits,
): readonly BrightObject[] {
  const isTaken = new Uint8Array(height.length);
  const objects: BrightObject[] = [];
  for (const seed of summits(height, scale, heightMin)) {
    if (isTaken[seed] === 1) continue;
    const region = flood(height, isTaken, seed, scale.columns);
    if (region.length < areaMin) continue;
    objects.push(describe(region, scale));
    if (objects.length >= OBJECTS_MAX) break;
  }
  return objects;
}

/** Places that no neighbour is brighter than, brightest first. */
function summits(height: Float32Array, { columns, rows }: Scale, heightMin: number): readonly number[] {
  const highest = height.reduce((most, value) => Math.max(most, value), 0);
  const floor = Math.max(FAINTEST_SHARE * highest, heightMin);
  const found: number[] = [];
  if (highest <= 0) return found;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      const value = height[at] ?? 0;
      if (value < floor) continue;
      const left = column > 0 ? (height[at - 1] ?? 0) : 0;
      const right = column < columns - 1 ? (height[at + 1] ?? 0) : 0;
      if (
        value >= left &&
        value >= right &&
        value >= (height[at - columns] ?? 0) &&
        value >= (height[at + columns] ?? 0)
      )
        found.push(at);
    }
  }
  return found.sort((a, b) => (height[b] ?? 0) - (height[a] ?? 0));
}

/** All that is joined to the seed and at least half as high; every place belongs to one region at most. */
function flood(height: Float32Array, isTaken: Uint8Array, seed: number, columns: number): readonly number[] {
  const level = (height[seed] ?? 0) / 2;
  const region = [seed];
  isTaken[seed] = 1;
  // The list grows while it is gone through.
  for (const at of region) {
    const column = at % columns;
    for (const other of [
      ...(column > 0 ? [at - 1] : []),
      ...(column < columns - 1 ? [at + 1] : []),
      at - columns,
      at + columns,
    ]) {
      if (isTaken[other] !== 0 || !((height[other] ?? 0) >= level)) continue;
      isTaken[other] = 1;
      region.push(other);
    }
  }
  return region;
}

function describe(region: readonly number[], { columns, rows, across, down }: Scale): BrightObject {
  let [sumX, sumY, sumXx, sumYy, sumXy] = [0, 0, 0, 0, 0];
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const at of region) {
    const x = at % columns;
    const y = Math.floor(at / columns);
    [sumX, sumY, sumXx, sumYy, sumXy] = [sumX + x, sumY + y, sumXx + x * x, sumYy + y * y, sumXy + x * y];
    [left, right, top, bottom] = [
      Math.min(left, x),
      Math.max(right, x),
      Math.min(top, y),
      Math.max(bottom, y),
    ];
  }
  const count = region.length;
  const [x, y] = [sumX / count, sumY / count];
  // Every pixel is a square of its own: a twelfth.
  const [xx, yy] = [sumXx / count - x * x + 1 / 12, sumYy / count - y * y + 1 / 12];
  const xy = sumXy / count - x * y;
  return {
    centerPx: [(x + 0.5) * across - 0.5, (y + 0.5) * down - 0.5],
    columns: (right - left + 1) * across,
    rows: (bottom - top + 1) * down,
    areaPx: count * across * down,
    ellipseShare: count / (4 * Math.PI * Math.sqrt(Math.max(1e-9, xx * yy - xy * xy))),
    isCutOff: left === 0 || top === 0 || right === columns - 1 || bottom === rows - 1,
  };
}
