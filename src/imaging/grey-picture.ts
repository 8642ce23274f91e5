/** Films made into 8-bit pictures for people: other sizes, and greys between the film's own black and white. */
import type { Film } from '../exam/film.ts';
import { areaAverage, type PixelSize } from './area-average.ts';
import { histogramOf, valueAtRank } from './histogram.ts';

/** 8-bit grey pixels, columns x rows. */
export interface GreyPicture extends PixelSize {
  readonly pixels: Uint8Array;
}

/** A rectangle of a film. */
export interface FilmPart extends PixelSize {
  readonly left: number;
  readonly top: number;
}

/** Shares of a histogram that become black and white: a few burnt or empty pixels do not set the greys. */
const BLACK_SHARE = 0.005;
const WHITE_SHARE = 0.997;

/** Samples looked at for that; more would not change the greys. */
const PROBES = 50_000;

/** A part of a film as a film. */
export function cutFilm({ columns, samples, values }: Film, part: FilmPart): Film {
  const cut = new Uint16Array(part.columns * part.rows);
  for (let row = 0; row < part.rows; row++) {
    const from = (part.top + row) * columns + part.left;
    cut.set(samples.subarray(from, from + part.columns), row * part.columns);
  }
  return { columns: part.columns, rows: part.rows, samples: cut, values };
}

/** A film at another size in greys from its black (0) to its white (255); the aspect is the caller's business. */
export function greyPicture(film: Film, target: PixelSize): GreyPicture {
  const table = greyTable(film);
  const isEnlarged = target.columns > film.columns || target.rows > film.rows;
  const greys = isEnlarged ? enlarge(film, table, target) : areaAverage(film, table, target);
  const pixels = new Uint8Array(greys.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (greys[i] ?? 0) + 0.5;
  return { columns: target.columns, rows: target.rows, pixels };
}

function greyTable(film: Film): Float32Array {
  const histogram = histogramOf(film, Math.max(1, Math.floor(film.samples.length / PROBES)));
  const black = valueAtRank(histogram, Math.floor(histogram.total * BLACK_SHARE));
  const white = valueAtRank(histogram, Math.floor(histogram.total * WHITE_SHARE));
  const gain = 255 / Math.max(white - black, 1e-6);
  const table = new Float32Array(film.values.length);
  for (let word = 0; word < table.length; word++) {
    table[word] = Math.min(Math.max(((film.values[word] ?? 0) - black) * gain, 0), 255);
  }
  return table;
}

/** Between the pixels by Catmull and Rom's cubic, columns first. */
function enlarge(film: Film, table: Float32Array, target: PixelSize): Float32Array {
  const across = cubicTaps(film.columns, target.columns);
  const down = cubicTaps(film.rows, target.rows);
  const wide = new Float32Array(target.columns * film.rows);
  for (let row = 0; row < film.rows; row++) {
    for (let column = 0; column < target.columns; column++) {
      let sum = 0;
      for (let tap = 4 * column; tap < 4 * column + 4; tap++) {
        const word = film.samples[row * film.columns + (across.places[tap] ?? 0)] ?? 0;
        sum += (across.weights[tap] ?? 0) * (table[word] ?? 0);
      }
      wide[row * target.columns + column] = sum;
    }
  }
  const out = new Float32Array(target.columns * target.rows);
  for (let row = 0; row < target.rows; row++) {
    for (let column = 0; column < target.columns; column++) {
      let sum = 0;
      for (let tap = 4 * row; tap < 4 * row + 4; tap++) {
        sum += (down.weights[tap] ?? 0) * (wide[(down.places[tap] ?? 0) * target.columns + column] ?? 0);
      }
      out[row * target.columns + column] = Math.min(Math.max(sum, 0), 255);
    }
  }
  return out;
}

interface Taps {
  /** Four source pixels for each target pixel, and their weights. */
  readonly places: Int32Array;
  readonly weights: Float32Array;
}

function cubicTaps(sourceCount: number, targetCount: number): Taps {
  const places = new Int32Array(4 * targetCount);
  const weights = new Float32Array(4 * targetCount);
  for (let i = 0; i < targetCount; i++) {
    const at = ((i + 0.5) * sourceCount) / targetCount - 0.5;
    const first = Math.floor(at) - 1;
    const t = at - first - 1;
    const cubic = [
      -0.5 * t * (1 - t) ** 2,
      1 + t * t * (1.5 * t - 2.5),
      0.5 * t * (1 + t * (4 - 3 * t)),
      -0.5 * t * t * (1 - t),
    ];
    cubic.forEach((weight, tap) => {
      places[4 * i + tap] = Math.min(Math.max(first + tap, 0), sourceCount - 1);
      weights[4 * i + tap] = weight;
    });
  }
  return { places, weights };
}
