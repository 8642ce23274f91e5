/** From stored values to a film, and from a film to the tensor that a model takes. Pure. */
import type { PixelModule } from '../dicom/read-header.ts';
import type { ModalityLut } from '../dicom/modality-lut.ts';
import type { Film } from '../exam/film.ts';
import { areaAverage } from './area-average.ts';
import type { DecodedImage } from './decode-pixels.ts';
import { histogramOf, percentilesOf } from './histogram.ts';
import type { Histogram } from './histogram.ts';
import { storedValueOf } from './stored-bits.ts';

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
  const table = isInverse(image, fields)
    ? outputs.map((value) => lowestOutput + highestOutput - value)
    : outputs;
  blackenPadding(table, lowest, fields, lowestOutput);
  const values = fillTable(
    2 ** image.bitsAllocated,
    (word) => table[storedValueOf(word, image) - lowest] ?? 0,
  );
  return { columns: image.columns, rows: image.rows, samples: wideWords(image.words), values };
}

/** Whether bone is dark in the file. INVERSE says the same as MONOCHROME1 (PS3.3 C.11.6), and writers set one, the other or both. */
export function isInverse(
  { photometric }: Pick<DecodedImage, 'photometric'>,
  { presentationLutShape }: Pick<FilmFields, 'presentationLutShape'>,
): boolean {
  return photometric === 'MONOCHROME1' || presentationLutShape === 'INVERSE';
}

/** A picture whose words are their own values. */
export function plainFilm(columns: number, rows: number, words: Uint8Array | Uint16Array): Film {
  return { columns, rows, samples: wideWords(words), values: OWN_VALUES };
}

const OWN_VALUES = fillTable(65_536, (word) => word);

// Every film has words of one width, so that the loops over pixels are compiled for one type only.
function wideWords(words: Uint8Array | Uint16Array): Uint16Array {
  return words instanceof Uint16Array ? words : new Uint16Array(words);
}

interface OutputTable {
  /** Stored value of the first entry. */
  readonly lowest: number;
  readonly outputs: Float32Array;
  readonly lowestOutput: number;
  readonly highestOutput: number;
}

/** At most 65,536 stored values exist, so whatever is done to them is done to a table and not to the pixels. */
function outputTable(image: DecodedImage, fields: FilmFields): OutputTable {
  const lowest = image.signed ? -(2 ** (image.bitsStored - 1)) : 0;
  const count = 2 ** image.bitsStored;
  const { modalityLut } = fields;
  if (modalityLut !== null) {
    const outputs = fillTable(count, (i) => lookUp(modalityLut, lowest + i));
    return { lowest, outputs, lowestOutput: 0, highestOutput: 2 ** modalityLut.bits - 1 };
  }
  // A slope of zero would flatten the film; it is rubbish, and so ignored.
  const slope = fields.rescaleSlope === null || fields.rescaleSlope === 0 ? 1 : fields.rescaleSlope;
  const intercept = fields.rescaleIntercept ?? 0;
  const outputs = fillTable(count, (i) => (lowest + i) * slope + intercept);
  const ends = [outputs[0] ?? 0, outputs[count - 1] ?? 0];
  return { lowest, outputs, lowestOutput: Math.min(...ends), highestOutput: Math.max(...ends) };
}

// Ten times as fast as Float32Array.from with a function, and there are several tables for every film.
function fillTable(length: number, valueOf: (entry: number) => number): Float32Array {
  const table = new Float32Array(length);
  for (let entry = 0; entry < length; entry++) table[entry] = valueOf(entry);
  return table;
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
 * step for step what models/training/mandible-contour/prepare.py does, so that the model sees what it was trained on.
 */
export function letterbox(
  film: Film,
  target: LetterboxTarget,
  histogram: Histogram = histogramOf(film),
): Letterbox {
  const scale = Math.min(target.columns / film.columns, target.rows / film.rows);
  const columns = Math.max(1, Math.floor(film.columns * scale + 0.5));
  const rows = Math.max(1, Math.floor(film.rows * scale + 0.5));
  const left = Math.floor((target.columns - columns) / 2);
  const top = Math.floor((target.rows - rows) / 2);
  const range = percentilesOf(histogram, [target.percentileLow, target.percentileHigh]);
  const small = areaAverage(film, normalise(film.values, range), { columns, rows });
  const tensor = new Float32Array(target.columns * target.rows);
  for (let row = 0; row < rows; row++) {
    tensor.set(small.subarray(row * columns, (row + 1) * columns), (top + row) * target.columns + left);
  }
  return { tensor, scale, scaleColumns: columns / film.columns, scaleRows: rows / film.rows, left, top };
}

function normalise(values: Float32Array, range: readonly number[]): Float32Array {
  const [low = 0, high = 0] = range;
  const factor = 1 / Math.max(high - low, 1e-6);
  return fillTable(values.length, (word) => Math.min(Math.max(((values[word] ?? 0) - low) * factor, 0), 1));
}
