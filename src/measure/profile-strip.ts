import type { Film } from '../exam/film.ts';
import type { BorderFrame } from './border-frame.ts';
import { placeOnBorder } from './border-frame.ts';

/** A straightened piece of film along the border: one profile a column, from outside the bone inwards. */
export interface ProfileStrip {
  /** Place of each column along the tangent. */
  readonly alongPx: Float64Array;
  /** Depth of the first sample of each column; negative is outside the bone. */
  readonly depthFromPx: number;
  readonly stepPx: number;
  readonly depths: number;
  /** depths x columns samples, depth by depth; NaN outside the film. */
  readonly samples: Float32Array;
}

/** What part of the border a strip covers. */
export interface StripExtent {
  readonly fromPx: number;
  readonly toPx: number;
  readonly depthFromPx: number;
  readonly depthToPx: number;
}

/** Sub-sampling of a profile: half a pixel keeps what bilinear interpolation of the film can give. */
const STEP_PX = 0.5;

/** The film's value between pixel centres; NaN outside. */
export function sampleFilm({ columns, rows, samples, values }: Film, x: number, y: number): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  if (!(column >= 0 && row >= 0 && column < columns - 1 && row < rows - 1)) return NaN;
  const at = row * columns + column;
  const below = at + columns;
  const fx = x - column;
  const fy = y - row;
  const top = (values[samples[at] ?? 0] ?? NaN) * (1 - fx) + (values[samples[at + 1] ?? 0] ?? NaN) * fx;
  const bottom =
    (values[samples[below] ?? 0] ?? NaN) * (1 - fx) + (values[samples[below + 1] ?? 0] ?? NaN) * fx;
  return top * (1 - fy) + bottom * fy;
}

/**
 * Straightens the film along the border, a column for each pixel of its length.
 * @param offsetPx depth of the true edge at a place along the border, so that depth 0 lies on that edge
 */
export function cutStrip(
  film: Film,
  frame: BorderFrame,
  extent: StripExtent,
  offsetPx: (alongPx: number) => number = () => 0,
): ProfileStrip {
  const columns = Math.max(1, Math.floor(extent.toPx - extent.fromPx) + 1);
  const depths = Math.floor((extent.depthToPx - extent.depthFromPx) / STEP_PX) + 1;
  const alongPx = new Float64Array(columns);
  // Where each column begins, and its way inwards: x, y, dx, dy.
  const ways = new Float64Array(columns * 4);
  for (let column = 0; column < columns; column += 1) {
    const s = extent.fromPx + column;
    alongPx[column] = s;
    const { point, normal } = placeOnBorder(frame, s);
    const first = extent.depthFromPx + offsetPx(s);
    ways.set([point[0] + normal[0] * first, point[1] + normal[1] * first, ...normal], column * 4);
  }
  const samples = new Float32Array(columns * depths);
  // Depth by depth, because neighbours along the border lie in the same rows of the film.
  for (let index = 0; index < depths; index += 1) {
    const inwards = index * STEP_PX;
    for (let column = 0, way = 0; column < columns; column += 1, way += 4) {
      const x = (ways[way] ?? 0) + (ways[way + 2] ?? 0) * inwards;
      const y = (ways[way + 1] ?? 0) + (ways[way + 3] ?? 0) * inwards;
      samples[index * columns + column] = sampleFilm(film, x, y);
    }
  }
  return { alongPx, depthFromPx: extent.depthFromPx, stepPx: STEP_PX, depths, samples };
}

/**
 * The robust mean profile of some columns: at each depth the mean of the middle half of the values, which a
 * bright line or a dark pore in a few columns does not move. NaN where most columns lie outside the film.
 */
export function averageColumns(strip: ProfileStrip, fromColumn: number, toColumn: number): Float64Array {
  const { depths, samples } = strip;
  const columns = strip.alongPx.length;
  const profile = new Float64Array(depths);
  const sorted = new Float64Array(toColumn - fromColumn + 1);
  for (let index = 0; index < depths; index += 1) {
    const base = index * columns;
    const known = sortBetween(samples, base + fromColumn, base + toColumn, sorted);
    profile[index] = known * 2 > sorted.length ? midmean(sorted, known) : NaN;
  }
  return profile;
}

/** Sorts what is known between two places and says how much that is. */
function sortBetween(samples: Float32Array, from: number, to: number, sorted: Float64Array): number {
  let known = 0;
  // By insertion: there are a few dozen of them, and the library's sort costs more than that to begin.
  for (let i = from; i <= to; i += 1) {
    const value = samples[i] ?? NaN;
    if (Number.isNaN(value)) continue;
    let at = known;
    while (at > 0 && (sorted[at - 1] ?? 0) > value) {
      sorted[at] = sorted[at - 1] ?? 0;
      at -= 1;
    }
    sorted[at] = value;
    known += 1;
  }
  return known;
}

/** Mean of the middle half of the first `count` values. */
function midmean(sorted: Float64Array, count: number): number {
  const cut = Math.floor(count / 4);
  let sum = 0;
  for (let index = cut; index < count - cut; index += 1) sum += sorted[index] ?? 0;
  return sum / (count - 2 * cut);
}
