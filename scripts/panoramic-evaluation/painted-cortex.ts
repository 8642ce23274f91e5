import type { PointPx } from '../../src/exam/film.ts';
import { quantile } from '../bench/statistics.ts';
import { type Canvas, smoothStep } from '../phantom/canvas.ts';
import { blurGaussian } from '../phantom/film-finish.ts';
import { greyAt } from './grey-at.ts';

/** A border as a smooth function of the column: its row and the unit normal into the bone. */
interface SmoothBorder {
  readonly fromPx: number;
  readonly rowsPx: Float32Array;
}

/** Grey levels of the film itself along the border: outside, cortex, marrow; one value a column. */
interface FilmLevels {
  readonly outside: Float32Array;
  readonly cortex: Float32Array;
  readonly marrow: Float32Array;
}

/** The band goes on so far to both sides of the site, and fades out over FADE_MM. */
const REACH_MM = 26;
const FADE_MM = 5;
const SMOOTHING_MM = 1.5;
const LEVEL_SMOOTHING_MM = 3;
/** By TRACING_RULE.md the border is where the slope has risen by a fifth. */
const SLOPE = { middleMm: 0.6, scaleMm: 0.433 };
const INNER_BLUR_MM = 0.3;
/** The grain of the film this much deeper is laid over the new bone: there is no margin in it. */
const GRAIN_FROM_MM = 9;
const GRAIN_SIGMA_PX = 5;
/** A band is quieter than the marrow. */
const BAND_GRAIN = 0.6;
/** Where the film shows no contrast the band is given this share of the step from the outside. */
const CONTRAST_MIN = 0.3;
const DEPTH_MM = { from: -1.4, fadeIn: 0.6, fadeOut: 10.5, to: 13 };

/** Where the outline of the film must be known to paint below a site; else nothing can be painted there. */
export function canPaint({ mmPerPx }: Canvas, outline: readonly PointPx[], sitePx: number): boolean {
  const reach = (REACH_MM + FADE_MM) / mmPerPx;
  return (outline[0]?.[0] ?? Infinity) <= sitePx - reach && (outline.at(-1)?.[0] ?? 0) >= sitePx + reach;
}

/**
 * The film with the cortex about a site replaced by a band of known width between this very border and a margin
 * parallel to it. Levels and grain are the film's own.
 * @param outline of an expert, left to right
 * @param sitePx column of the site
 */
export function paintCortex(
  canvas: Canvas,
  outline: readonly PointPx[],
  sitePx: number,
  widthMm: number,
): Canvas {
  const { columns, rows, mmPerPx } = canvas;
  const border = smoothBorder(outline, SMOOTHING_MM / mmPerPx);
  const levels = measureLevels(canvas, border);
  const soft = blurGaussian(canvas.values, columns, rows, GRAIN_SIGMA_PX);
  const grainOf = { ...canvas, values: canvas.values.map((value, index) => value - (soft[index] ?? 0)) };
  const values = canvas.values.slice();
  const reach = (REACH_MM + FADE_MM) / mmPerPx;
  for (let column = Math.ceil(sitePx - reach); column <= sitePx + reach; column += 1) {
    const middle = rowAt(border, column);
    const top = Math.max(0, Math.floor(middle - (DEPTH_MM.to * 1.15) / mmPerPx));
    const bottom = Math.min(rows - 1, Math.ceil(middle + (2.5 * 1.15) / mmPerPx));
    for (let row = top; row <= bottom; row += 1) {
      const { depthPx, foot, normal } = nearestOnBorder(border, column, row);
      const depthMm = depthPx * mmPerPx;
      const alongMm = Math.abs(foot - sitePx) * mmPerPx;
      const weight =
        smoothStep(REACH_MM + FADE_MM, REACH_MM, alongMm) *
        smoothStep(DEPTH_MM.from, DEPTH_MM.from + DEPTH_MM.fadeIn, depthMm) *
        smoothStep(DEPTH_MM.to, DEPTH_MM.fadeOut, depthMm);
      if (weight <= 0) continue;
      const at = row * columns + column;
      const inward = GRAIN_FROM_MM / mmPerPx;
      const grain = greyAt(grainOf, column + normal[0] * inward, row + normal[1] * inward);
      const quiet = depthMm < widthMm ? BAND_GRAIN : 1;
      const painted = bandValue(levels, foot - border.fromPx, depthMm, widthMm) + quiet * grain;
      values[at] = (values[at] ?? 0) * (1 - weight) + painted * weight;
    }
  }
  return { ...canvas, values };
}

function bandValue(levels: FilmLevels, column: number, depthMm: number, widthMm: number): number {
  const index = Math.min(levels.cortex.length - 1, Math.max(0, Math.round(column)));
  const [outside, cortex] = [levels.outside[index] ?? 0, levels.cortex[index] ?? 0];
  const marrow = Math.min(levels.marrow[index] ?? 0, cortex - CONTRAST_MIN * (cortex - outside));
  const bone = outside + (cortex - outside) * logistic((depthMm - SLOPE.middleMm) / SLOPE.scaleMm);
  return marrow + (bone - marrow) * logistic((1.702 * (widthMm - depthMm)) / INNER_BLUR_MM);
}

function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function smoothBorder(outline: readonly PointPx[], sigmaPx: number): SmoothBorder {
  const rows = Float32Array.from(outline, ([, y]) => y);
  return { fromPx: outline[0]?.[0] ?? 0, rowsPx: smoothLine(rows, sigmaPx) };
}

function rowAt({ fromPx, rowsPx }: SmoothBorder, column: number): number {
  const at = Math.min(rowsPx.length - 1.001, Math.max(0, column - fromPx));
  const low = Math.floor(at);
  return (rowsPx[low] ?? 0) * (1 - at + low) + (rowsPx[low + 1] ?? 0) * (at - low);
}

/** The foot of the perpendicular to the border, and how deep the pixel lies in the bone; a few steps settle it. */
function nearestOnBorder(
  border: SmoothBorder,
  column: number,
  row: number,
): { readonly depthPx: number; readonly foot: number; readonly normal: PointPx } {
  let foot = column;
  let depthPx = 0;
  let normal: PointPx = [0, -1];
  for (let step = 0; step < 4; step += 1) {
    normal = normalAt(border, foot);
    depthPx = (column - foot) * normal[0] + (row - rowAt(border, foot)) * normal[1];
    foot = column - normal[0] * depthPx;
  }
  return { depthPx, foot, normal };
}

function normalAt(border: SmoothBorder, column: number): PointPx {
  const slope = (rowAt(border, column + 2) - rowAt(border, column - 2)) / 4;
  const length = Math.hypot(1, slope);
  return [slope / length, -1 / length];
}

/** Where the rule of the tracings takes them from, smoothed along the border. */
function measureLevels(canvas: Canvas, border: SmoothBorder): FilmLevels {
  const { mmPerPx } = canvas;
  const level = (fromMm: number, toMm: number, share: number): Float32Array => {
    const raw = border.rowsPx.map((row, index) => {
      const column = border.fromPx + index;
      const [nx, ny] = normalAt(border, column);
      const greys: number[] = [];
      for (let depth = fromMm / mmPerPx; depth <= toMm / mmPerPx; depth += 2)
        greys.push(greyAt(canvas, column + nx * depth, row + ny * depth));
      return quantile(greys, share);
    });
    return smoothLine(raw, LEVEL_SMOOTHING_MM / mmPerPx);
  };
  return { outside: level(-3, -0.6, 0.2), cortex: level(0.8, 4, 0.85), marrow: level(3, 8.5, 0.2) };
}

/** Gaussian; the ends are repeated. */
function smoothLine(values: Float32Array, sigmaPx: number): Float32Array {
  const radius = Math.ceil(3 * sigmaPx);
  const last = values.length - 1;
  return values.map((_, index) => {
    let [sum, weights] = [0, 0];
    for (let k = -radius; k <= radius; k += 1) {
      const weight = Math.exp(-0.5 * (k / sigmaPx) ** 2);
      sum += weight * (values[Math.min(last, Math.max(0, index + k))] ?? 0);
      weights += weight;
    }
    return sum / weights;
  });
}
