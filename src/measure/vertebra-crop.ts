/**
 * The picture of one body that the points model sees: step for step what `plain_crop` of
 * models/training/vertebrae/crops.py makes. Pure.
 */
import type { Film, PointPx } from '../exam/film.ts';
import { bodyFrame, type BodyCorners } from './body-frame.ts';

/** The canvas of the points model and how a body stands in it. */
export interface CropTarget {
  readonly columns: number;
  readonly rows: number;
  /** Mean endplate width of the body, crop pixels. */
  readonly bodyWidthPx: number;
  /** Where the mean of the four corners lies. */
  readonly centreColumn: number;
  readonly centreRow: number;
  readonly percentileLow: number;
  readonly percentileHigh: number;
}

/** film = origin + right x (column - centreColumn) + down x (row - centreRow): turned, scaled, mirrored if need be. */
export interface CropFrame {
  readonly originPx: PointPx;
  /** Film pixels for one crop pixel to the right: from the front of the body to its back. */
  readonly right: PointPx;
  /** The same downwards. */
  readonly down: PointPx;
  /** Film pixels for one crop pixel. */
  readonly scale: number;
}

/** Places the crop of a body so that its front is left, its top is up and its width is the target's. */
export function placeCrop(corners: BodyCorners, { bodyWidthPx }: CropTarget): CropFrame {
  const { centrePx, backward, downward, widthPx } = bodyFrame(corners);
  const scale = widthPx / bodyWidthPx;
  return {
    originPx: centrePx,
    right: [backward[0] * scale, backward[1] * scale],
    down: [downward[0] * scale, downward[1] * scale],
    scale,
  };
}

/** A place of the crop on the film. */
export function cropToFilm(frame: CropFrame, target: CropTarget, [column, row]: PointPx): PointPx {
  const { originPx, right, down } = frame;
  const [x, y] = [column - target.centreColumn, row - target.centreRow];
  return [originPx[0] + right[0] * x + down[0] * y, originPx[1] + right[1] * x + down[1] * y];
}

/** A film of which every pixel is the mean of `factor` x `factor` pixels; pixel i has its centre at film pixel i * factor + (factor - 1) / 2. */
export interface ReducedFilm {
  readonly columns: number;
  readonly rows: number;
  readonly values: Float32Array;
  readonly factor: number;
  readonly filmColumns: number;
  readonly filmRows: number;
}

/** The factor by which a film may be reduced before crops of this scale: half of it blurs them no more than a finder's error. */
export function reductionForCrops(frames: readonly CropFrame[]): number {
  return Math.max(1, Math.floor(Math.min(...frames.map(({ scale }) => scale)) / 2));
}

/** Reduces a film once for all of its crops; columns and rows that fill no whole pixel fall away. */
export function reduceFilm(film: Film, factor: number): ReducedFilm {
  const { samples, values: valueOf, columns: filmColumns, rows: filmRows } = film;
  const columns = Math.max(1, Math.floor(filmColumns / factor));
  const rows = Math.max(1, Math.floor(filmRows / factor));
  const values = new Float32Array(columns * rows);
  const share = 1 / (factor * factor);
  for (let row = 0; row < rows; row++) {
    for (let line = 0; line < factor; line++) {
      let from = (row * factor + line) * filmColumns;
      for (let i = row * columns; i < (row + 1) * columns; i++) {
        let sum = 0;
        for (const end = from + factor; from < end; from++) sum += valueOf[samples[from] ?? 0] ?? 0;
        values[i] = (values[i] ?? 0) + sum * share;
      }
    }
  }
  return { columns, rows, values, factor, filmColumns, filmRows };
}

/**
 * The crop: means over the film below each crop pixel, normalised by the percentiles of what lies inside the film and
 * black beyond it. rows x columns values from 0 to 1.
 */
export function cutCrop(film: ReducedFilm, frame: CropFrame, target: CropTarget): Float32Array {
  const { columns, rows } = target;
  const fine = Math.max(1, Math.ceil(frame.scale / film.factor));
  const crop = new Float32Array(columns * rows);
  const isInside = new Uint8Array(columns * rows);
  const inside: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const place = cropToFilm(frame, target, [column, row]);
      if (!liesInside(film, place)) continue;
      const i = row * columns + column;
      crop[i] = meanAround(film, frame, place, fine);
      isInside[i] = 1;
      inside.push(crop[i] ?? 0);
    }
  }
  if (inside.length < INSIDE_MIN) return crop.fill(0);
  normalise(crop, isInside, Float32Array.from(inside).sort(), target);
  return crop;
}

/** Fewer samples of the film than this say nothing: the crop stays black. */
const INSIDE_MIN = 50;

function liesInside({ filmColumns, filmRows }: ReducedFilm, [x, y]: PointPx): boolean {
  return x > -0.5 && x < filmColumns - 0.5 && y > -0.5 && y < filmRows - 0.5;
}

/** The mean of fine x fine samples, evenly spread over the crop pixel and each linear between four film pixels. */
function meanAround(
  { values, columns, rows, factor }: ReducedFilm,
  { right, down }: CropFrame,
  [x, y]: PointPx,
  fine: number,
): number {
  const half = (factor - 1) / 2;
  let sum = 0;
  for (let stepDown = 0; stepDown < fine; stepDown++) {
    const dy = (stepDown + 0.5) / fine - 0.5;
    for (let stepRight = 0; stepRight < fine; stepRight++) {
      const dx = (stepRight + 0.5) / fine - 0.5;
      const atX = (x + right[0] * dx + down[0] * dy - half) / factor;
      const atY = (y + right[1] * dx + down[1] * dy - half) / factor;
      // Beyond the rim its own pixels go on, as in training.
      const column = atX < 0 ? 0 : atX > columns - 1 ? columns - 1 : atX;
      const row = atY < 0 ? 0 : atY > rows - 1 ? rows - 1 : atY;
      const left = Math.floor(column);
      const top = Math.floor(row);
      const across = column - left;
      const i = top * columns + left;
      const next = left + 1 < columns ? 1 : 0;
      const below = top + 1 < rows ? i + columns : i;
      const upper = (values[i] ?? 0) * (1 - across) + (values[i + next] ?? 0) * across;
      const lower = (values[below] ?? 0) * (1 - across) + (values[below + next] ?? 0) * across;
      sum += upper + (lower - upper) * (row - top);
    }
  }
  return sum / (fine * fine);
}

function normalise(
  crop: Float32Array,
  isInside: Uint8Array,
  sorted: Float32Array,
  { percentileLow, percentileHigh }: CropTarget,
): void {
  const low = percentile(sorted, percentileLow);
  const factor = 1 / Math.max(percentile(sorted, percentileHigh) - low, 1e-6);
  for (let i = 0; i < crop.length; i++) {
    crop[i] = isInside[i] === 1 ? Math.min(Math.max(((crop[i] ?? 0) - low) * factor, 0), 1) : 0;
  }
}

/** As numpy gives it: linear between neighbours; 0 where there are no values. */
function percentile(sorted: Float32Array, percent: number): number {
  const position = (percent / 100) * (sorted.length - 1);
  const rank = Math.max(0, Math.floor(position));
  const below = sorted[rank] ?? 0;
  return below + ((sorted[rank + 1] ?? below) - below) * (position - rank);
}
