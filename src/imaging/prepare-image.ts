/** From stored values to a film, and from a film to the tensor that a model takes. Pure. */
import type { PixelModule } from '../dicom/read-header.ts';
import type { ModalityLut } from '../dicom/modality-lut.ts';
import type { Film } from '../exam/film.ts';
import type { DecodedImage } from './decode-pixels.ts';
import { histogramOf, percentilesOf } from './histogram.ts';
import type { Histogram } from './histogram.ts';

/** The attributes that decide how stored values become a film. */
export type FilmFields = Pick<
  PixelModule,
  | 'modalityLut'
  | 'rescaleSlope'
  | 'rescaleIntercept'
  | 'presentationLutShape'
  | 'pixelPaddingValue'
  | 'pixelPaddingRangeLimit'
>;

/**
 * Applies the modality LUT or rescale (PS3.3 C.11.1), turns MONOCHROME1 over so that bone is bright, and sets
 * padding to black. VOI is left out on purpose: a window clips, and what is measured must stay linear.
 */
export function toFilm(image: DecodedImage, fields: FilmFields): Film {
  const { lowest, outputs, highestOutput, lowestOutput } = outputTable(image, fields);
  // INVERSE says the same as MONOCHROME1 (PS3.3 C.11.6), and writers set one, the other or both: once only.
  const isInverse = image.photometric === 'MONOCHROME1' || fields.presentationLutShape === 'INVERSE';
  const table = isInverse ? outputs.map((value) => lowestOutput + highestOutput - value) : outputs;
  blackenPadding(table, lowest, fields, lowestOutput);
  const { samples } = image;
  const film = new Float32Array(samples.length);
  for (let i = 0; i < film.length; i++) film[i] = table[(samples[i] ?? 0) - lowest] ?? 0;
  return { columns: image.columns, rows: image.rows, samples: film };
}

interface OutputTable {
  /** Stored value of the first entry. */
  readonly lowest: number;
  readonly outputs: Float32Array;
  readonly lowestOutput: number;
  readonly highestOutput: number;
}

/** At most 65,536 stored values exist, so every later step is one look-up for a pixel. */
function outputTable(image: DecodedImage, fields: FilmFields): OutputTable {
  const lowest = image.signed ? -(2 ** (image.bitsStored - 1)) : 0;
  const count = 2 ** image.bitsStored;
  const { modalityLut } = fields;
  if (modalityLut !== null) {
    const outputs = Float32Array.from({ length: count }, (_, i) => lookUp(modalityLut, lowest + i));
    return { lowest, outputs, lowestOutput: 0, highestOutput: 2 ** modalityLut.bits - 1 };
  }
  // A slope of zero would flatten the film; it is rubbish, and so ignored.
  const slope = fields.rescaleSlope === null || fields.rescaleSlope === 0 ? 1 : fields.rescaleSlope;
  const intercept = fields.rescaleIntercept ?? 0;
  const outputs = Float32Array.from({ length: count }, (_, i) => (lowest + i) * slope + intercept);
  const ends = [outputs[0] ?? 0, outputs[count - 1] ?? 0];
  return { lowest, outputs, lowestOutput: Math.min(...ends), highestOutput: Math.max(...ends) };
}

function lookUp(lut: ModalityLut, stored: number): number {
  const index = Math.min(Math.max(stored - lut.firstMapped, 0), lut.entries.length - 1);
  return lut.entries[index] ?? 0;
}

/** Padding is no tissue (PS3.3 C.7.5.1.1.2); on an inverted film it would otherwise be the brightest bone. */
function blackenPadding(table: Float32Array, lowest: number, fields: FilmFields, black: number): void {
  if (fields.pixelPaddingValue === null) return;
  const ends = [fields.pixelPaddingValue, fields.pixelPaddingRangeLimit ?? fields.pixelPaddingValue];
  const first = Math.max(Math.min(...ends) - lowest, 0);
  const last = Math.min(Math.max(...ends) - lowest, table.length - 1);
  for (let i = first; i <= last; i++) table[i] = black;
}

/**
 * Exact area average to another size: every target pixel is the mean of the film's area under it, parts of
 * pixels weighed. In two passes, columns first.
 */
export function areaAverage(film: Film, targetColumns: number, targetRows: number): Float32Array {
  const { columns, rows, samples } = film;
  const across = spans(columns, targetColumns);
  const down = spans(rows, targetRows);
  const line = new Float32Array(targetColumns);
  const out = new Float32Array(targetColumns * targetRows);
  for (let target = 0; target < targetRows; target++) {
    const first = down.first[target] ?? 0;
    const last = down.last[target] ?? 0;
    const base = target * targetColumns;
    for (let row = first; row <= last; row++) {
      averageLine(samples, row * columns, across, line);
      const weight = weightOf(down, target, row);
      for (let i = 0; i < targetColumns; i++) out[base + i] = (out[base + i] ?? 0) + weight * (line[i] ?? 0);
    }
  }
  return out;
}

interface Spans {
  /** First and last source pixel under each target pixel, and the weights of those two; between them 1. */
  readonly first: Int32Array;
  readonly last: Int32Array;
  readonly firstWeight: Float64Array;
  readonly lastWeight: Float64Array;
  /** Target pixels for one source pixel: the weight of a whole source pixel. */
  readonly scale: number;
}

function spans(sourceCount: number, targetCount: number): Spans {
  const step = sourceCount / targetCount;
  const first = new Int32Array(targetCount);
  const last = new Int32Array(targetCount);
  const firstWeight = new Float64Array(targetCount);
  const lastWeight = new Float64Array(targetCount);
  for (let i = 0; i < targetCount; i++) {
    const from = i * step;
    const to = Math.min((i + 1) * step, sourceCount);
    const a = Math.min(Math.floor(from + 1e-9), sourceCount - 1);
    const b = Math.min(Math.max(Math.ceil(to - 1e-9) - 1, a), sourceCount - 1);
    first[i] = a;
    last[i] = b;
    firstWeight[i] = Math.min(a + 1, to) - from;
    lastWeight[i] = a === b ? 0 : to - b;
  }
  return { first, last, firstWeight, lastWeight, scale: targetCount / sourceCount };
}

function weightOf(along: Spans, target: number, source: number): number {
  if (source === along.first[target]) return (along.firstWeight[target] ?? 0) * along.scale;
  if (source === along.last[target]) return (along.lastWeight[target] ?? 0) * along.scale;
  return along.scale;
}

function averageLine(samples: Float32Array, offset: number, across: Spans, line: Float32Array): void {
  const { first, last, firstWeight, lastWeight, scale } = across;
  for (let i = 0; i < line.length; i++) {
    const a = offset + (first[i] ?? 0);
    const b = offset + (last[i] ?? 0);
    let sum = (firstWeight[i] ?? 0) * (samples[a] ?? 0) + (lastWeight[i] ?? 0) * (samples[b] ?? 0);
    for (let at = a + 1; at < b; at++) sum += samples[at] ?? 0;
    line[i] = sum * scale;
  }
}

/** The canvas of a model's input and the percentiles that become 0 and 1. */
export interface LetterboxTarget {
  readonly columns: number;
  readonly rows: number;
  readonly percentileLow: number;
  readonly percentileHigh: number;
}

/** A film in a canvas: film column = (canvas column - left + 0.5) / scaleColumns - 0.5; rows with top and scaleRows. */
export interface Letterbox {
  /** rows x columns values from 0 to 1. */
  readonly tensor: Float32Array;
  /** Canvas pixels for one film pixel, before the picture's size is rounded to whole pixels. */
  readonly scale: number;
  /** The same after rounding: it differs between the axes by a hair, which is a tenth of a pixel at the rim. */
  readonly scaleColumns: number;
  readonly scaleRows: number;
  readonly left: number;
  readonly top: number;
}

/**
 * Normalises a film by its own percentiles, clips, and area-averages it into the middle of a black canvas:
 * step for step what models/training/prepare.py does, so that the model sees what it was trained on.
 */
export function letterbox(
  film: Film,
  target: LetterboxTarget,
  histogram: Histogram = histogramOf(film.samples),
): Letterbox {
  const scale = Math.min(target.columns / film.columns, target.rows / film.rows);
  const columns = Math.max(1, Math.floor(film.columns * scale + 0.5));
  const rows = Math.max(1, Math.floor(film.rows * scale + 0.5));
  const left = Math.floor((target.columns - columns) / 2);
  const top = Math.floor((target.rows - rows) / 2);
  const small = areaAverage(
    normaliseFilm(film, percentilesOf(histogram, [target.percentileLow, target.percentileHigh])),
    columns,
    rows,
  );
  const tensor = new Float32Array(target.columns * target.rows);
  for (let row = 0; row < rows; row++) {
    tensor.set(small.subarray(row * columns, (row + 1) * columns), (top + row) * target.columns + left);
  }
  return { tensor, scale, scaleColumns: columns / film.columns, scaleRows: rows / film.rows, left, top };
}

function normaliseFilm(film: Film, range: readonly number[]): Film {
  const [low = 0, high = 0] = range;
  const factor = 1 / Math.max(high - low, 1e-6);
  const samples = new Float32Array(film.samples.length);
  for (let i = 0; i < samples.length; i++) {
    const value = ((film.samples[i] ?? 0) - low) * factor;
    samples[i] = value < 0 ? 0 : value > 1 ? 1 : value;
  }
  return { ...film, samples };
}
