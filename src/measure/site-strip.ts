import type { Side } from '../exam/analysis.ts';
import type { Film } from '../exam/film.ts';
import type { BorderPath } from './border-path.ts';
import { placeOnPath } from './border-path.ts';
import { smoothProfile } from './profile-smoothing.ts';

/**
 * The border of one site, straightened: a row for each step of depth, from outside the bone inwards, and a column for
 * each step along the border, from mesial to distal. Film pixels differ from device to device, steps do not.
 */
export interface SiteStrip {
  readonly columns: number;
  readonly rows: number;
  /** Film pixels of one step, along and across. */
  readonly stepPx: number;
  /** rows x columns values of the film, row by row; NaN outside the film. */
  readonly samples: Float32Array;
  /** Steps along the path from the site to each column, negative mesially; +1 a column. */
  readonly alongFrom: number;
  /** Depth of the first row in steps, negative outside the bone; 0 is at the path, moved by `offset`. */
  readonly depthFrom: number;
}

/** Where a strip is cut: lengths in steps. */
export interface StripPlace {
  readonly path: BorderPath;
  readonly side: Side;
  readonly pxPerMm: number;
  /** Place of the site along the path. */
  readonly at: number;
  /** Depth below the path at which the periosteal border lies, and with it depth 0. */
  readonly offset: number;
}

/** How far a strip reaches, in steps: mesially (negative) and distally, outwards (negative) and inwards. */
export interface StripReach {
  readonly alongFrom: number;
  readonly alongTo: number;
  readonly depthFrom: number;
  readonly depthTo: number;
}

/** One step in millimetres at the detector: a film pixel of the films that TRACING_RULE.md was written on. */
export const STEP_MM = 0.0959;

/** What the reader of the tracings saw of a site: 4.3 mm mesially to 10.5 mm distally, 4 mm outside to 11.5 mm deep. */
export const SITE_REACH: StripReach = { alongFrom: -45, alongTo: 110, depthFrom: -42, depthTo: 120 };

/** Straightens the film along the border; the film's values are taken between pixels by bilinear interpolation. */
export function cutSiteStrip(film: Film, place: StripPlace, reach: StripReach): SiteStrip {
  const { path, at, offset, pxPerMm } = place;
  const columns = reach.alongTo - reach.alongFrom + 1;
  const rows = reach.depthTo - reach.depthFrom + 1;
  const samples = new Float32Array(rows * columns);
  const distal = distalSign(place.side);
  for (let column = 0; column < columns; column += 1) {
    const { point, normal } = placeOnPath(path, at + distal * (reach.alongFrom + column), pxPerMm);
    const [stepX, stepY] = [normal[0] * path.stepPx, normal[1] * path.stepPx];
    const first = reach.depthFrom + offset;
    for (let row = 0; row < rows; row += 1) {
      const x = point[0] + stepX * (first + row);
      const y = point[1] + stepY * (first + row);
      samples[row * columns + column] = sampleFilm(film, x, y);
    }
  }
  const { alongFrom, depthFrom } = reach;
  return { columns, rows, stepPx: path.stepPx, samples, alongFrom, depthFrom };
}

/** The part of a strip about another place along it, which becomes the place of the part. */
export function partOfStrip(strip: SiteStrip, distal: number, half: number): SiteStrip {
  const first = distal - half - strip.alongFrom;
  const columns = 2 * half + 1;
  const samples = new Float32Array(strip.rows * columns);
  for (let row = 0; row < strip.rows; row += 1) {
    const start = row * strip.columns + first;
    samples.set(strip.samples.subarray(start, start + columns), row * columns);
  }
  return { ...strip, columns, samples, alongFrom: -half };
}

/** A strip whose rows are smoothed along the border by a Gaussian, in steps. */
export function smoothAlong(strip: SiteStrip, sigma: number): SiteStrip {
  const samples = new Float32Array(strip.samples.length);
  for (let start = 0; start < samples.length; start += strip.columns) {
    const row = Float64Array.from(strip.samples.subarray(start, start + strip.columns));
    samples.set(smoothProfile(row, sigma), start);
  }
  return { ...strip, samples };
}

/** +1 where distal is to the right in the picture: on the patient's left. */
export function distalSign(side: Side): 1 | -1 {
  return side === 'L' ? 1 : -1;
}

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
 * The mean profile of the columns from one place along the border to another (steps), smoothed by a Gaussian of one
 * step; NaN where more than half of the columns lie outside the film.
 */
export function meanProfile(strip: SiteStrip, alongFrom: number, alongTo: number): Float64Array {
  const first = alongFrom - strip.alongFrom;
  const last = alongTo - strip.alongFrom;
  const profile = new Float64Array(strip.rows);
  for (let row = 0; row < strip.rows; row += 1) {
    let [sum, known] = [0, 0];
    for (let column = first; column <= last; column += 1) {
      const value = strip.samples[row * strip.columns + column] ?? NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      known += 1;
    }
    profile[row] = 2 * known > last - first + 1 ? sum / known : NaN;
  }
  return smoothProfile(profile, 1);
}
