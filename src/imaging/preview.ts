import type { Film } from '../exam/film.ts';
import { histogramOf, percentilesOf } from './histogram.ts';
import { areaAverage } from './prepare-image.ts';
import { encodePng } from './raster.ts';

/** A film as 8-bit grey, for people. */
export interface GreyPicture {
  readonly columns: number;
  readonly rows: number;
  readonly pixels: Uint8Array;
  /** Picture pixels for one film pixel. */
  readonly scale: number;
}

const PERCENTILE_LOW = 0.5;
const PERCENTILE_HIGH = 99.8;

/** Windows a film by its percentiles to 8 bits, not wider than `columnsMax`. */
export function toGreyPicture(film: Film, columnsMax: number = Number.POSITIVE_INFINITY): GreyPicture {
  const scale = Math.min(1, columnsMax / film.columns);
  const columns = Math.max(1, Math.round(film.columns * scale));
  const rows = Math.max(1, Math.round(film.rows * scale));
  const samples = scale < 1 ? areaAverage(film, columns, rows) : film.samples;
  const [low = 0, high = 0] = percentilesOf(histogramOf(samples), [PERCENTILE_LOW, PERCENTILE_HIGH]);
  const factor = 255 / Math.max(high - low, 1e-6);
  const pixels = new Uint8Array(columns * rows);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = Math.min(255, Math.max(0, Math.round(((samples[i] ?? 0) - low) * factor)));
  }
  return { columns, rows, pixels, scale };
}

/** The picture of a film for the web page, 8-bit PNG. */
export async function renderPreview(
  film: Film,
  options: { readonly columnsMax?: number } = {},
): Promise<Buffer> {
  const { pixels, columns, rows } = toGreyPicture(film, options.columnsMax);
  return encodePng(pixels, columns, rows);
}
