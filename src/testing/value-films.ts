/** Films that tests draw with values of their own. */
import type { Film } from '../exam/film.ts';

const WORDS_MAX = 65_536;

/**
 * A film of any values. A small one keeps each of them; of a large one, whole values are kept and others take the
 * nearest of 65,536 evenly spaced ones, as a detector does.
 */
export function filmOfValues(columns: number, rows: number, values: ArrayLike<number>): Film {
  const wanted = Float32Array.from(values);
  if (wanted.length <= WORDS_MAX) {
    const table = Float32Array.from(new Set(wanted)).sort();
    const words = new Map(Array.from(table, (value, word) => [value, word]));
    return {
      columns,
      rows,
      samples: Uint16Array.from(wanted, (value) => words.get(value) ?? 0),
      values: table,
    };
  }
  let [low, high, isWhole] = [Infinity, -Infinity, true];
  for (const value of wanted) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    isWhole &&= Number.isInteger(value);
  }
  const step = isWhole && high - low < WORDS_MAX ? 1 : (high - low) / (WORDS_MAX - 1);
  const samples = new Uint16Array(wanted.length);
  for (let i = 0; i < samples.length; i += 1) samples[i] = Math.round(((wanted[i] ?? 0) - low) / step);
  const table = Float32Array.from({ length: WORDS_MAX }, (_, word) => low + word * step);
  return { columns, rows, samples, values: table };
}

/** What every pixel of a film is worth. */
export function valuesOfFilm({ samples, values }: Film): number[] {
  return Array.from(samples, (word) => values[word] ?? Number.NaN);
}
