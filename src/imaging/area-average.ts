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
  const across = spans(film.columns, target.columns);
  const down = spans(film.rows, target.rows);
  const line = new Float32Array(target.columns);
  const out = new Float32Array(target.columns * target.rows);
  let lineRow = -1;
  for (let targetRow = 0; targetRow < target.rows; targetRow++) {
    const first = down.first[targetRow] ?? 0;
    const last = down.last[targetRow] ?? 0;
    const base = targetRow * target.columns;
    for (let row = first; row <= last; row++) {
      // Neighbours share the row between them, which is averaged already.
      if (row !== lineRow) {
        averageLine(film.samples, table, row * film.columns, across, line);
        lineRow = row;
      }
      const weight = weightOf(down, targetRow, row);
      for (let i = 0; i < target.columns; i++) out[base + i] = (out[base + i] ?? 0) + weight * (line[i] ?? 0);
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

function averageLine(
  samples: Uint16Array,
  table: Float32Array,
  offset: number,
  across: Spans,
  line: Float32Array,
): void {
  const { first, last, firstWeight, lastWeight, scale } = across;
  for (let i = 0; i < line.length; i++) {
    const a = offset + (first[i] ?? 0);
    const b = offset + (last[i] ?? 0);
    let sum =
      (firstWeight[i] ?? 0) * (table[samples[a] ?? 0] ?? 0) +
      (lastWeight[i] ?? 0) * (table[samples[b] ?? 0] ?? 0);
    for (let at = a + 1; at < b; at++) sum += table[samples[at] ?? 0] ?? 0;
    line[i] = sum * scale;
  }
}
