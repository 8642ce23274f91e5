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

/** Steps of the tone curve's table. */
const TONES = 65535;

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
  const tones = Uint16Array.from({ length: TONES + 1 }, (_, index) =>
    Math.round(largest * (index / TONES) ** look.gamma),
  );
  for (let row = 0; row < rows; row += 1) {
    const line = scanLines(row) * 0.0035;
    for (let column = 0; column < columns; column += 1) {
      const index = row * columns + column;
      const bits = random.integer();
      const triangular = ((bits & 0xffff) + (bits >>> 16)) / 65536 - 1;
      const value = (blurred[index] ?? 0) * look.exposure + line + triangular * look.noise;
      const tone = value <= 0 ? 0 : value >= 1 ? TONES : Math.round(value * TONES);
      samples[index] = tones[tone] ?? 0;
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
  return convolveColumns(convolveRows(source, columns, rows, kernel), columns, rows, kernel);
}

function convolveRows(
  source: Float32Array,
  columns: number,
  rows: number,
  kernel: Float32Array,
): Float32Array {
  const result = new Float32Array(source.length);
  const radius = (kernel.length - 1) / 2;
  const line = new Float32Array(columns + 2 * radius);
  for (let row = 0; row < rows; row += 1) {
    const start = row * columns;
    line.set(source.subarray(start, start + columns), radius);
    line.fill(source[start] ?? 0, 0, radius);
    line.fill(source[start + columns - 1] ?? 0, columns + radius);
    for (let column = 0; column < columns; column += 1) {
      let sum = 0;
      for (let tap = 0; tap < kernel.length; tap += 1) sum += (kernel[tap] ?? 0) * (line[column + tap] ?? 0);
      result[start + column] = sum;
    }
  }
  return result;
}

function convolveColumns(
  source: Float32Array,
  columns: number,
  rows: number,
  kernel: Float32Array,
): Float32Array {
  const result = new Float32Array(source.length);
  const radius = (kernel.length - 1) / 2;
  const line = new Float32Array(columns);
  for (let row = 0; row < rows; row += 1) {
    line.fill(0);
    // Whole rows are summed, so that memory is read in order.
    for (let tap = -radius; tap <= radius; tap += 1) {
      const from = Math.min(rows - 1, Math.max(0, row + tap)) * columns;
      const weight = kernel[tap + radius] ?? 0;
      for (let column = 0; column < columns; column += 1) {
        line[column] = (line[column] ?? 0) + weight * (source[from + column] ?? 0);
      }
    }
    result.set(line, row * columns);
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
