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
  /** columns x depths samples, column by column; NaN outside the film. */
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
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (!(column >= 0 && row >= 0 && column < columns - 1 && row < rows - 1)) return NaN;
  const at = row * columns + column;
  const below = at + columns;
  const [fx, fy] = [x - column, y - row];
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
  const samples = new Float32Array(columns * depths);
  for (let column = 0; column < columns; column += 1) {
    const s = extent.fromPx + column;
    alongPx[column] = s;
    const { point, normal } = placeOnBorder(frame, s);
    const offset = offsetPx(s);
    for (let index = 0; index < depths; index += 1) {
      const depth = extent.depthFromPx + index * STEP_PX + offset;
      const value = sampleFilm(film, point[0] + normal[0] * depth, point[1] + normal[1] * depth);
      samples[column * depths + index] = value;
    }
  }
  return { alongPx, depthFromPx: extent.depthFromPx, stepPx: STEP_PX, depths, samples };
}

/**
 * The robust mean profile of some columns: at each depth the mean of the middle half of the values, which a
 * bright line or a dark pore in a few columns does not move. NaN where most columns lie outside the film.
 */
export function averageColumns(strip: ProfileStrip, fromColumn: number, toColumn: number): Float64Array {
  const profile = new Float64Array(strip.depths);
  const wanted = toColumn - fromColumn + 1;
  const values = new Float64Array(wanted);
  for (let index = 0; index < strip.depths; index += 1) {
    let count = 0;
    for (let column = fromColumn; column <= toColumn; column += 1) {
      const value = strip.samples[column * strip.depths + index] ?? NaN;
      if (!Number.isNaN(value)) values[count++] = value;
    }
    profile[index] = count * 2 > wanted ? midmean(values.subarray(0, count)) : NaN;
  }
  return profile;
}

/** Mean of the middle half; sorts the values that it is given. */
function midmean(values: Float64Array): number {
  values.sort();
  const cut = Math.floor(values.length / 4);
  let sum = 0;
  for (let index = cut; index < values.length - cut; index += 1) sum += values[index] ?? 0;
  return sum / (values.length - 2 * cut);
}
