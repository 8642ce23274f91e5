import type { Canvas, PointMm } from './canvas.ts';
import { blurBox, paintStroke } from './canvas.ts';
import { createLineNoise } from './noise-field.ts';
import { createSeededRandom } from './seeded-random.ts';

/** What the detector and the processing of the unit do to the picture. */
export interface FilmLook {
  readonly seed: number;
  readonly bits: number;
  readonly blurPx: number;
  readonly noise: number;
  readonly gamma: number;
  readonly exposure: number;
}

/** A grey film: unsigned samples, row by row. */
export interface Film {
  readonly columns: number;
  readonly rows: number;
  readonly samples: Uint16Array;
}

/** Blurs, adds grain and lines of the scan, and turns brightness into samples. */
export function finishFilm(canvas: Canvas, look: FilmLook): Film {
  const { columns, rows } = canvas;
  const random = createSeededRandom(look.seed * 53 + 9);
  const grain = canvas.values;
  for (let index = 0; index < grain.length; index += 1) {
    const bits = random.integer();
    const triangular = ((bits & 0xffff) + (bits >>> 16)) / 65536 - 1;
    grain[index] = (grain[index] ?? 0) + triangular * look.noise * 3.2;
  }
  const blurred = blurGaussian(grain, columns, rows, look.blurPx);
  const scanLines = createLineNoise(look.seed * 59 + 1, 1.3);
  const largest = 2 ** look.bits - 1;
  const samples = new Uint16Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    const line = scanLines(row) * 0.0035;
    for (let column = 0; column < columns; column += 1) {
      const index = row * columns + column;
      const bits = random.integer();
      const triangular = ((bits & 0xffff) + (bits >>> 16)) / 65536 - 1;
      const value = (blurred[index] ?? 0) * look.exposure + line + triangular * look.noise;
      const limited = value <= 0 ? 0 : value >= 1 ? 1 : value;
      samples[index] = Math.round(largest * limited ** look.gamma);
    }
  }
  return { columns, rows, samples };
}

/** A Gaussian blur; the kernel ends where its weight no longer matters. */
export function blurGaussian(
  source: Float32Array,
  columns: number,
  rows: number,
  sigmaPx: number,
): Float32Array {
  if (sigmaPx < 0.3) return source;
  if (sigmaPx > 6) return blurBox(source, columns, rows, Math.round(sigmaPx * 1.7));
  const radius = Math.ceil(2.6 * sigmaPx);
  const kernel = Float32Array.from({ length: 2 * radius + 1 }, (_, k) =>
    Math.exp(-0.5 * ((k - radius) / sigmaPx) ** 2),
  );
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  for (let k = 0; k < kernel.length; k += 1) kernel[k] = (kernel[k] ?? 0) / total;
  const middle = convolve(source, columns, rows, kernel, 1, columns);
  return convolve(middle, rows, columns, kernel, columns, 1);
}

function convolve(
  source: Float32Array,
  length: number,
  lines: number,
  kernel: Float32Array,
  stride: number,
  lineStride: number,
): Float32Array {
  const result = new Float32Array(source.length);
  const radius = (kernel.length - 1) / 2;
  // The taps are the outer loop, so that memory is read in order whatever the direction.
  for (let tap = -radius; tap <= radius; tap += 1) {
    const weight = kernel[tap + radius] ?? 0;
    const outer = stride === 1 ? lines : length;
    const inner = stride === 1 ? length : lines;
    for (let i = 0; i < outer; i += 1) {
      if (stride === 1) {
        const start = i * lineStride;
        for (let j = 0; j < inner; j += 1) {
          const from = j + tap < 0 ? 0 : j + tap >= length ? length - 1 : j + tap;
          result[start + j] = (result[start + j] ?? 0) + weight * (source[start + from] ?? 0);
        }
      } else {
        const from = (i + tap < 0 ? 0 : i + tap >= length ? length - 1 : i + tap) * stride;
        const to = i * stride;
        for (let j = 0; j < inner; j += 1) {
          result[to + j] = (result[to + j] ?? 0) + weight * (source[from + j] ?? 0);
        }
      }
    }
  }
  return result;
}

/** Draws the letter that marks the right side, as a unit prints it. */
export function paintRightMarker(canvas: Canvas, at: PointMm, heightMm: number): void {
  const h = heightMm;
  const [x, y] = at;
  const lines: PointMm[][] = [
    [[x, y], [x, y - h]],
    [[x, y - h], [x + 0.45 * h, y - h], [x + 0.55 * h, y - 0.85 * h], [x + 0.55 * h, y - 0.62 * h], [x + 0.45 * h, y - 0.5 * h], [x, y - 0.5 * h]],
    [[x + 0.25 * h, y - 0.5 * h], [x + 0.58 * h, y]],
  ]; // prettier-ignore
  for (const line of lines) paintStroke(canvas, line, 0.55, 0.9, 0.05);
}
