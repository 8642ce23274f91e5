/** A film as a viewer shows it: 16-bit samples in which bone is bright, and how to window them. Pure. */
import type { PixelModule } from '../dicom/read-header.ts';
import type { DisplayHead, DisplayWindow } from '../exam/display-head.ts';
import type { Film } from '../exam/film.ts';
import type { Spacing } from '../exam/analysis.ts';
import { areaAverage } from './area-average.ts';
import { cutFilm } from './grey-picture.ts';
import { histogramOf, percentilesOf } from './histogram.ts';

/** A head with its samples, row by row. */
export interface DisplayFilm {
  readonly head: DisplayHead;
  readonly samples: Uint16Array;
}

/** The greys of the preview: a few burnt or empty pixels do not set them. */
const BLACK_PERCENT = 0.5;
const WHITE_PERCENT = 99.7;
const SAMPLE_MAX = 65_535;

type WindowFields = Pick<PixelModule, 'windowCenter' | 'windowWidth'>;

/**
 * Samples of a film for the screen, reduced by whole numbers until they are at most `pixelsMax`. Values that are whole
 * numbers stay what they are but for a shift, others are spread over 16 bits; both are linear in the film's values.
 * @param isInverse whether the film's values run against those of the file, whose window then lies at the other end
 */
export function displayFilm(
  film: Film,
  fields: WindowFields | null,
  { isInverse, spacing, pixelsMax }: DisplayOptions,
): DisplayFilm {
  const histogram = histogramOf(film);
  const lowest = histogram.values[0] ?? 0;
  const highest = histogram.values.at(-1) ?? 0;
  const scale = scaleOf(histogram.values);
  const toSample = (value: number): number => (value - lowest) * scale;
  const reduction = reductionFor(film, pixelsMax);
  const [black = 0, white = 0] = percentilesOf(histogram, [BLACK_PERCENT, WHITE_PERCENT]).map(toSample);
  const ends = endsOf(film.values);
  const fileWindow = fields === null ? null : windowOfFile(fields, isInverse ? ends : null);
  const columns = Math.floor(film.columns / reduction);
  const rows = Math.floor(film.rows / reduction);
  return {
    head: {
      ...{ columns, rows, reduction, filmColumns: film.columns, filmRows: film.rows, spacing },
      ...{ lowest: 0, highest: toSample(highest) },
      window: { center: (black + white) / 2, width: Math.max(1, white - black) },
      fileWindow: fileWindow && { center: toSample(fileWindow.center), width: fileWindow.width * scale },
    },
    samples: samplesOf(film, Float32Array.from(film.values, toSample), reduction),
  };
}

/** What the samples are made for. */
export interface DisplayOptions {
  readonly isInverse: boolean;
  readonly spacing: Spacing;
  readonly pixelsMax: number;
}

function scaleOf(values: Float32Array): number {
  const range = (values.at(-1) ?? 0) - (values[0] ?? 0);
  const isWhole = values.every((value) => Number.isInteger(value));
  return isWhole && range <= SAMPLE_MAX ? 1 : SAMPLE_MAX / Math.max(range, 1e-6);
}

function reductionFor({ columns, rows }: Film, pixelsMax: number): number {
  return Math.max(1, Math.ceil(Math.sqrt((columns * rows) / pixelsMax)));
}

/** Each sample is the mean of its square of film pixels; what is left of a square at the far rims is cut off. */
function samplesOf(film: Film, table: Float32Array, reduction: number): Uint16Array {
  if (reduction === 1) return Uint16Array.from(film.samples, (word) => table[word] ?? 0);
  const [columns, rows] = [Math.floor(film.columns / reduction), Math.floor(film.rows / reduction)];
  const whole = cutFilm(film, { left: 0, top: 0, columns: columns * reduction, rows: rows * reduction });
  return Uint16Array.from(areaAverage(whole, table, { columns, rows }), Math.round);
}

/** Of an inverted film a value v of the file stands at lowest + highest - v. */
function windowOfFile(
  { windowCenter, windowWidth }: WindowFields,
  inverted: readonly [number, number] | null,
): DisplayWindow | null {
  const [center, width] = [windowCenter[0], windowWidth[0]];
  if (center === undefined || width === undefined) return null;
  if (!Number.isFinite(center) || !Number.isFinite(width) || width < 1) return null;
  return { center: inverted === null ? center : inverted[0] + inverted[1] - center, width };
}

function endsOf(values: Float32Array): readonly [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}
