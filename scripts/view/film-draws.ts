/** Changes of a film by a seed, so that neither size, border nor file says what it shows. */
import type { Film } from '../../src/exam/film.ts';
import { cutFilm, greyPicture, type GreyPicture } from '../../src/imaging/grey-picture.ts';
import { plainFilm } from '../../src/imaging/prepare-image.ts';
import { decodeRaster, encodeJpeg } from '../../src/imaging/raster.ts';
import { createSeededRandom, pickOne, type SeededRandom } from '../phantom/seeded-random.ts';

/** What is done to a film besides. */
export interface Turning {
  /** Quarter turns clockwise. */
  readonly turns: 0 | 1 | 2 | 3;
  readonly mirrored: boolean;
}

/**
 * A film cropped by 0 to 12 % a side, stretched by up to 10 %, rescaled to 250 to 900 pixels, given other greys and
 * black, white or grey borders, mirrored, turned and compressed; the same seed gives the same picture.
 */
export async function drawFilm(film: Film, seed: number, { turns, mirrored }: Turning): Promise<Film> {
  const random = createSeededRandom(seed);
  const cropped = cropFilm(film, random);
  const aspect = (cropped.columns / cropped.rows) * random.between(1 / 1.1, 1.1);
  const side = Math.round(random.between(250, 900));
  const size =
    aspect >= 1
      ? { columns: side, rows: Math.max(8, Math.round(side / aspect)) }
      : { columns: Math.max(8, Math.round(side * aspect)), rows: side };
  let picture = padPicture(changeGreys(greyPicture(cropped, size), random), random);
  if (mirrored) picture = mirrorPicture(picture);
  for (let turn = 0; turn < turns; turn++) picture = turnClockwise(picture);
  const quality = Math.round(random.between(35, 92));
  const jpeg = await encodeJpeg(picture.pixels, picture.columns, picture.rows, { quality });
  const { columns, rows, samples } = await decodeRaster(jpeg, 4_000_000);
  return plainFilm(columns, rows, samples);
}

function cropFilm(film: Film, random: SeededRandom): Film {
  const cut = (): number => (random.next() < 0.8 ? random.between(0, 0.12) : 0);
  const [left, right, top, bottom] = [cut(), cut(), cut(), cut()];
  return cutFilm(film, {
    left: Math.floor(film.columns * left),
    top: Math.floor(film.rows * top),
    columns: Math.max(1, Math.floor(film.columns * (1 - left - right))),
    rows: Math.max(1, Math.floor(film.rows * (1 - top - bottom))),
  });
}

/** A part of a film that is too small to tell a view from: a tenth to a quarter of each side. */
export function cutPart(film: Film, seed: number): Film {
  const random = createSeededRandom(seed);
  const columns = Math.max(1, Math.floor(film.columns * random.between(0.1, 0.25)));
  const rows = Math.max(1, Math.floor(film.rows * random.between(0.1, 0.25)));
  const left = Math.floor(random.between(0, film.columns - columns));
  const top = Math.floor(random.between(0, film.rows - rows));
  return cutFilm(film, { left, top, columns, rows });
}

function changeGreys(picture: GreyPicture, random: SeededRandom): GreyPicture {
  const gamma = Math.exp(0.3 * random.normal());
  const [gain, lift] = [random.between(0.75, 1.15), random.between(-0.05, 0.1)];
  const table = Uint8Array.from({ length: 256 }, (_, grey) => {
    const value = (grey / 255) ** gamma * gain + lift;
    return Math.round(255 * Math.min(Math.max(value, 0), 1));
  });
  return { ...picture, pixels: picture.pixels.map((grey) => table[grey] ?? 0) };
}

function padPicture(picture: GreyPicture, random: SeededRandom): GreyPicture {
  const border = (side: number): number =>
    random.next() < 0.4 ? Math.round(side * random.between(0, 0.15)) : 0;
  const [left, right] = [border(picture.columns), border(picture.columns)];
  const [top, bottom] = [border(picture.rows), border(picture.rows)];
  const columns = picture.columns + left + right;
  const rows = picture.rows + top + bottom;
  const pixels = new Uint8Array(columns * rows).fill(pickOne(random, [0, 255, 128]));
  for (let row = 0; row < picture.rows; row++) {
    const line = picture.pixels.subarray(row * picture.columns, (row + 1) * picture.columns);
    pixels.set(line, (top + row) * columns + left);
  }
  return { columns, rows, pixels };
}

function mirrorPicture({ columns, rows, pixels }: GreyPicture): GreyPicture {
  const mirrored = new Uint8Array(pixels.length);
  for (let row = 0; row < rows; row++) {
    mirrored.set(pixels.slice(row * columns, (row + 1) * columns).reverse(), row * columns);
  }
  return { columns, rows, pixels: mirrored };
}

function turnClockwise({ columns, rows, pixels }: GreyPicture): GreyPicture {
  const turned = new Uint8Array(pixels.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + (rows - 1 - row)] = pixels[row * columns + column] ?? 0;
    }
  }
  return { columns: rows, rows: columns, pixels: turned };
}
