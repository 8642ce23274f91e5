/**
 * The picture of one body that the points model sees: step for step what `plain_crop` of
 * models/training/vertebrae/crops.py makes. Pure.
 */
import type { Film, PointPx } from '../exam/film.ts';
import { bodyFrame, type BodyCorners } from './body-frame.ts';

/** A canvas, where the origin of a frame lies in it, and the percentiles of the film that become 0 and 1. */
export interface CropCanvas {
  readonly columns: number;
  readonly rows: number;
  readonly centreColumn: number;
  readonly centreRow: number;
  readonly percentileLow: number;
  readonly percentileHigh: number;
}

/** The canvas of the points model and how a body stands in it: the mean of its four corners in the centre. */
export interface CropTarget extends CropCanvas {
  /** Mean endplate width of the body, crop pixels. */
  readonly bodyWidthPx: number;
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

/** The same place seen with `factor` times as many film pixels for each crop pixel. */
export function zoomedFrame({ originPx, right, down, scale }: CropFrame, factor: number): CropFrame {
  const times = ([x, y]: PointPx): PointPx => [x * factor, y * factor];
  return { originPx, right: times(right), down: times(down), scale: scale * factor };
}

/** A place of the crop on the film. */
export function cropToFilm(frame: CropFrame, target: CropCanvas, [column, row]: PointPx): PointPx {
  const { originPx, right, down } = frame;
  const [x, y] = [column - target.centreColumn, row - target.centreRow];
  return [originPx[0] + right[0] * x + down[0] * y, originPx[1] + right[1] * x + down[1] * y];
}

/**
 * The part of a film round its crops, every pixel the mean of `factor` x `factor` film pixels: pixel i has its centre
 * at film pixel left + i * factor + (factor - 1) / 2.
 */
export interface ReducedFilm {
  readonly columns: number;
  readonly rows: number;
  readonly values: Float32Array;
  readonly factor: number;
  readonly left: number;
  readonly top: number;
  readonly filmColumns: number;
  readonly filmRows: number;
}

/** Crops that are placed anew after a first look may reach this far beyond the first ones, crop pixels. */
const MARGIN_PX = 24;

/**
 * Reduces what the crops show of a film, once for all of them. Pixels of half a crop's blur it no more than the error
 * of a finder does. Columns and rows that fill no whole pixel fall away.
 */
export function reduceForCrops(film: Film, frames: readonly CropFrame[], target: CropCanvas): ReducedFilm {
  const factor = Math.max(1, Math.floor(Math.min(...frames.map(({ scale }) => scale)) / 2));
  const rim = frames.flatMap((frame) =>
    [-MARGIN_PX, target.columns + MARGIN_PX].flatMap((column) =>
      [-MARGIN_PX, target.rows + MARGIN_PX].map((row) => cropToFilm(frame, target, [column, row])),
    ),
  );
  const across = spanOf(
    rim.map(([x]) => x),
    film.columns,
    factor,
  );
  const down = spanOf(
    rim.map(([, y]) => y),
    film.rows,
    factor,
  );
  const part = { columns: across.count, rows: down.count, factor, left: across.from, top: down.from };
  return { ...part, values: blockMeans(film, part), filmColumns: film.columns, filmRows: film.rows };
}

function spanOf(places: readonly number[], length: number, factor: number): { from: number; count: number } {
  const from = Math.min(Math.max(0, Math.floor(Math.min(...places))), Math.max(0, length - factor));
  const to = Math.min(length, Math.ceil(Math.max(...places)));
  return { from, count: Math.max(1, Math.floor((to - from) / factor)) };
}

function blockMeans(film: Film, part: Pick<ReducedFilm, 'columns' | 'rows' | 'factor' | 'left' | 'top'>) {
  const { samples, values: valueOf } = film;
  const { columns, rows, factor, left, top } = part;
  const values = new Float32Array(columns * rows);
  const share = 1 / (factor * factor);
  for (let row = 0; row < rows; row++) {
    for (let line = 0; line < factor; line++) {
      let from = (top + row * factor + line) * film.columns + left;
      for (let i = row * columns; i < (row + 1) * columns; i++) {
        let sum = 0;
        for (const end = from + factor; from < end; from++) sum += valueOf[samples[from] ?? 0] ?? 0;
        values[i] = (values[i] ?? 0) + sum * share;
      }
    }
  }
  return values;
}

/**
 * The crop: means over the film below each crop pixel, normalised by the percentiles of what lies inside the film and
 * black beyond it. rows x columns values from 0 to 1.
 */
export function cutCrop(film: ReducedFilm, frame: CropFrame, target: CropCanvas): Float32Array {
  const { columns, rows } = target;
  const { right } = frame;
  const steps = stepsWithin(frame, film.factor);
  const crop = new Float32Array(columns * rows);
  const inside = new Float32Array(columns * rows);
  const isInside = new Uint8Array(columns * rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const [startX, startY] = cropToFilm(frame, target, [0, row]);
    for (let column = 0; column < columns; column++) {
      const x = startX + right[0] * column;
      const y = startY + right[1] * column;
      if (!(x > -0.5 && x < film.filmColumns - 0.5 && y > -0.5 && y < film.filmRows - 0.5)) continue;
      const i = row * columns + column;
      const value = meanAround(film, steps, x, y);
      crop[i] = value;
      isInside[i] = 1;
      inside[count++] = value;
    }
  }
  if (count < INSIDE_MIN) return crop.fill(0);
  normalise(crop, isInside, rangeOf(inside.subarray(0, count), target));
  return crop;
}

/** Offsets of the samples within a crop pixel, x and y in reduced pixels: fine x fine of them, evenly spread. */
function stepsWithin({ scale, right, down }: CropFrame, factor: number): Float64Array {
  // On a film as it is, as many samples as in training; blocks are smooth, and need no more than one each.
  const fine = factor === 1 ? Math.max(1, Math.ceil(scale)) : Math.round(scale / factor);
  const places = Array.from({ length: fine }, (_, i) => (i + 0.5) / fine - 0.5);
  return Float64Array.from(
    places.flatMap((dy) =>
      places.flatMap((dx) => [
        (right[0] * dx + down[0] * dy) / factor,
        (right[1] * dx + down[1] * dy) / factor,
      ]),
    ),
  );
}

/** Fewer samples of the film than this say nothing: the crop stays black. */
const INSIDE_MIN = 50;

/** The mean of the samples round a place of the film, each linear between four pixels of the reduced one. */
function meanAround(film: ReducedFilm, steps: Float64Array, x: number, y: number): number {
  const { values, columns, rows, factor, left, top } = film;
  const half = (factor - 1) / 2;
  const atX = (x - left - half) / factor;
  const atY = (y - top - half) / factor;
  const [lastColumn, lastRow] = [columns - 1, rows - 1];
  let sum = 0;
  for (let step = 0; step < steps.length; step += 2) {
    const ownX = atX + (steps[step] ?? 0);
    const ownY = atY + (steps[step + 1] ?? 0);
    // Beyond the rim its own pixels go on, as in training.
    const column = ownX < 0 ? 0 : ownX > lastColumn ? lastColumn : ownX;
    const row = ownY < 0 ? 0 : ownY > lastRow ? lastRow : ownY;
    const firstColumn = column | 0;
    const firstRow = row | 0;
    const i = firstRow * columns + firstColumn;
    const next = firstColumn < lastColumn ? i + 1 : i;
    const below = firstRow < lastRow ? columns : 0;
    const across = column - firstColumn;
    const upper = (values[i] ?? 0) * (1 - across) + (values[next] ?? 0) * across;
    const lower = (values[i + below] ?? 0) * (1 - across) + (values[next + below] ?? 0) * across;
    sum += upper + (lower - upper) * (row - firstRow);
  }
  return (2 * sum) / steps.length;
}

function normalise(crop: Float32Array, isInside: Uint8Array, [low, high]: readonly [number, number]): void {
  const factor = 1 / Math.max(high - low, 1e-6);
  for (let i = 0; i < crop.length; i++) {
    crop[i] = isInside[i] === 1 ? Math.min(Math.max(((crop[i] ?? 0) - low) * factor, 0), 1) : 0;
  }
}

/** So fine that the percentiles are those of sorted values to a thousandth of the range, at a tenth of the time. */
const BINS = 4096;

/** The target's percentiles of some values. */
function rangeOf(values: Float32Array, { percentileLow, percentileHigh }: CropCanvas): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const perValue = (BINS - 1) / Math.max(most - least, 1e-6);
  const counts = new Uint32Array(BINS);
  for (const value of values) {
    const bin = ((value - least) * perValue) | 0;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const valueAt = (percent: number): number => {
    const rank = (percent / 100) * (values.length - 1);
    let seen = 0;
    let bin = 0;
    while (seen + (counts[bin] ?? 0) <= rank && bin < BINS - 1) seen += counts[bin++] ?? 0;
    return least + (bin + (rank - seen + 0.5) / Math.max(1, counts[bin] ?? 0)) / perValue;
  };
  return [valueAt(percentileLow), valueAt(percentileHigh)];
}
