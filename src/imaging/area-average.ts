/** The exact area average: what a film looks like at another size. */
import type { Film } from '../exam/film.ts';

/** A size in pixels. */
export interface PixelSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * Every target pixel is the mean of the film's area under it, parts of pixels weighed. Each row of the film is read
 * once, turned into values by `table` on the way, and added to the target rows that it touches.
 * @param table value of every word of the film, for example its own values after a normalisation
 */
export function areaAverage(film: Film, table: Float32Array, target: PixelSize): Float32Array {
  const { columns, rows, samples } = film;
  const across = edgesOf(columns, target.columns);
  const down = edgesOf(rows, target.rows);
  const perPixel = (target.columns / columns) * (target.rows / rows);
  const sums = new Float64Array(columns + 1);
  const line = new Float64Array(target.columns);
  const out = new Float32Array(target.columns * target.rows);
  let lineRow = -1;
  for (let targetRow = 0; targetRow < target.rows; targetRow++) {
    const from = down[targetRow] ?? 0;
    const to = down[targetRow + 1] ?? 0;
    const base = targetRow * target.columns;
    for (let row = Math.floor(from); row < to; row++) {
      // Neighbours share the row between them, which is summed up already.
      if (row !== lineRow)
        sumLine(samples.subarray(row * columns, (row + 1) * columns), table, across, sums, line);
      lineRow = row;
      const weight = (Math.min(row + 1, to) - Math.max(row, from)) * perPixel;
      for (let i = 0; i < line.length; i++) out[base + i] = (out[base + i] ?? 0) + weight * (line[i] ?? 0);
    }
  }
  return out;
}

/** Where target pixels begin and end, in pixels of the source. */
function edgesOf(sourceCount: number, targetCount: number): Float64Array {
  const edges = new Float64Array(targetCount + 1);
  for (let i = 0; i < edges.length; i++) edges[i] = Math.min((i * sourceCount) / targetCount, sourceCount);
  return edges;
}

/** The sum of a line under each target pixel, as the difference of its running sum between two edges. */
function sumLine(
  words: Uint16Array,
  table: Float32Array,
  across: Float64Array,
  sums: Float64Array,
  line: Float64Array,
): void {
  let sum = 0;
  for (let i = 0; i < words.length; i++) {
    sum += table[words[i] ?? 0] ?? 0;
    sums[i + 1] = sum;
  }
  let before = 0;
  for (let i = 0; i < line.length; i++) {
    const edge = across[i + 1] ?? 0;
    const whole = Math.floor(edge);
    const upTo = sums[whole] ?? 0;
    const next = sums[Math.min(whole + 1, words.length)] ?? 0;
    const sumToEdge = upTo + (edge - whole) * (next - upTo);
    line[i] = sumToEdge - before;
    before = sumToEdge;
  }
}
