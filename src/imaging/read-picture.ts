import type { Film } from '../exam/film.ts';
import { luminanceOf } from './luminance.ts';
import { plainFilm } from './prepare-image.ts';
import { decodeRaster } from './raster.ts';

const PIXELS_MAX_DEFAULT = 64_000_000;

/** A plain picture as a film. */
export interface PictureFilm {
  readonly film: Film;
  /** 8 or 16, as the file holds them. */
  readonly bitsStored: number;
  /** colour-converted where the file had colours. */
  readonly problems: readonly string[];
}

/** Reads PNG, TIFF or JPEG at full depth as a film with bone bright; colours become luminance. */
export async function readPicture(
  input: string | Uint8Array,
  pixelsMax: number = PIXELS_MAX_DEFAULT,
): Promise<PictureFilm> {
  const { columns, rows, channels, bitsAllocated, samples } = await decodeRaster(input, pixelsMax);
  const grey =
    channels === 1
      ? samples
      : luminanceOf({ samples, columns, rows, bitsAllocated, layout: 'interleaved', photometric: 'RGB' });
  return {
    film: plainFilm(columns, rows, grey),
    bitsStored: bitsAllocated,
    problems: channels === 1 ? [] : ['colour-converted'],
  };
}
