/** The cortex at a measured place, straightened along the border: what the width was read from, for people to see. */
import type { PanoramicFinding, ReportedSide } from '../exam/analysis.ts';
import type { Film, PointPx } from '../exam/film.ts';
import type { GreyPicture } from '../imaging/grey-picture.ts';
import { fitParabola, valueAt } from '../measure/parabola-fit.ts';
import { sampleFilm } from '../measure/site-strip.ts';

/** A side that was measured, both margins known. */
export interface MeasuredCortex extends ReportedSide {
  readonly outerPx: PointPx;
  readonly innerPx: PointPx;
  readonly widthPx: number;
}

/** What part of the bone is straightened, in pixels of the film. */
export interface StripWindow {
  /** Half the length along the border. */
  readonly halfLengthPx: number;
  /** Depth of the lower and the upper edge: 0 is the border, negative lies outside of the bone. */
  readonly depthFromPx: number;
  readonly depthToPx: number;
}

/** The straightened strip, and the mean grey at each depth. */
export interface CortexStrip {
  /** The bone is above, as on the film. */
  readonly picture: GreyPicture;
  /** 0 (black) to 1 (white) for each row of the picture; NaN outside the film. */
  readonly profile: Float64Array;
}

/** Shares of the strip's samples that become black and white. */
const BLACK_SHARE = 0.01;
const WHITE_SHARE = 0.995;

/** Every so many samples are looked at for that. */
const PROBE_STEP = 7;

/** The profile is smoothed as a tracer does it (TRACING_RULE.md): a Gaussian of one film pixel. */
const SMOOTHING_PX = 1;

/** Whether both margins of a side are known. */
export function isMeasuredCortex(side: ReportedSide): side is MeasuredCortex {
  const { assessable, outerPx, innerPx, widthPx } = side;
  return assessable && outerPx !== null && innerPx !== null && widthPx !== null && widthPx > 0;
}

/** The directions at a measured place: inwards along the perpendicular, and along the tangent to the right. */
export function directionsOf({ outerPx, innerPx }: MeasuredCortex): { up: PointPx; along: PointPx } {
  const [dx, dy] = [innerPx[0] - outerPx[0], innerPx[1] - outerPx[1]];
  const length = Math.hypot(dx, dy) || 1;
  const up: PointPx = [dx / length, dy / length];
  return { up, along: [-up[1], up[0]] };
}

/** Straightens a piece of the film along the border, at the size of the picture that is asked for. */
export function cutCortexStrip(
  film: Film,
  border: PanoramicFinding['inferiorBorderPx'],
  side: MeasuredCortex,
  window: StripWindow,
  size: { readonly columns: number; readonly rows: number },
): CortexStrip {
  const { columns, rows } = size;
  const { outerPx, widthPx } = side;
  const { up, along } = directionsOf(side);
  const course = courseOf(border, side, Math.max(window.halfLengthPx, widthPx));
  const { halfLengthPx, depthFromPx, depthToPx } = window;
  const rowPx = (depthToPx - depthFromPx) / rows;
  const samples = new Float32Array(columns * rows);
  for (let column = 0; column < columns; column += 1) {
    const s = halfLengthPx * ((2 * (column + 0.5)) / columns - 1);
    const lift = course(s);
    const [x, y] = [outerPx[0] + along[0] * s, outerPx[1] + along[1] * s];
    for (let row = 0; row < rows; row += 1) {
      const depth = depthToPx - (row + 0.5) * rowPx + lift;
      samples[row * columns + column] = sampleFilm(film, x + up[0] * depth, y + up[1] * depth);
    }
  }
  const greys = toGreys(samples);
  const pixels = new Uint8Array(greys.length);
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = 255 * (greys[i] ?? 0) + 0.5;
  return { picture: { columns, rows, pixels }, profile: meanProfile(greys, columns, SMOOTHING_PX / rowPx) };
}

/** Height of the border over its tangent, pixels; 0 at the measured place. */
function courseOf(
  border: PanoramicFinding['inferiorBorderPx'],
  side: MeasuredCortex,
  halfPx: number,
): (s: number) => number {
  const { up, along } = directionsOf(side);
  const { outerPx } = side;
  const near = border.flatMap(([x, y]): [number, number][] => {
    const [dx, dy] = [x - outerPx[0], y - outerPx[1]];
    const [s, v] = [dx * along[0] + dy * along[1], dx * up[0] + dy * up[1]];
    return Math.abs(s) <= halfPx && Math.abs(v) <= halfPx ? [[s, v]] : [];
  });
  const fit = fitParabola(near);
  return fit === null ? () => 0 : (s) => valueAt(fit, s) - fit.height;
}

/** The film's values as 0 (black) to 1 (white) between the strip's own extremes; NaN outside the film. */
function toGreys(samples: Float32Array): Float32Array {
  const probes = samples.filter((value, index) => index % PROBE_STEP === 0 && !Number.isNaN(value)).sort();
  const rank = (share: number) => probes[Math.floor(share * (probes.length - 1))] ?? 0;
  const black = rank(BLACK_SHARE);
  const range = Math.max(rank(WHITE_SHARE) - black, 1e-6);
  const greys = new Float32Array(samples.length);
  for (let i = 0; i < greys.length; i += 1) {
    greys[i] = Math.min(Math.max(((samples[i] ?? NaN) - black) / range, 0), 1);
  }
  return greys;
}

/** The mean of each row, smoothed along the rows; NaN where less than half of a row lies on the film. */
function meanProfile(greys: Float32Array, columns: number, sigmaRows: number): Float64Array {
  const means = new Float64Array(greys.length / columns);
  for (let row = 0; row < means.length; row += 1) {
    let [sum, known] = [0, 0];
    for (let at = row * columns; at < (row + 1) * columns; at += 1) {
      const grey = greys[at] ?? NaN;
      if (Number.isNaN(grey)) continue;
      sum += grey;
      known += 1;
    }
    means[row] = known * 2 < columns ? NaN : sum / known;
  }
  const reach = Math.ceil(3 * sigmaRows);
  const bell = Float64Array.from({ length: reach + 1 }, (_, away) =>
    Math.exp(-0.5 * (away / sigmaRows) ** 2),
  );
  return means.map((_, row) => {
    let [sum, weights] = [0, 0];
    for (let at = Math.max(0, row - reach); at <= Math.min(means.length - 1, row + reach); at += 1) {
      const value = means[at] ?? NaN;
      if (Number.isNaN(value)) continue;
      const weight = bell[Math.abs(at - row)] ?? 0;
      sum += weight * value;
      weights += weight;
    }
    return sum / weights;
  });
}
