/** Films that tests draw with values of their own. */
import type { Film } from '../exam/film.ts';

const WORDS_MAX = 65_536;

/** A film of any values; where they are more than there are words, each takes the nearest of evenly spaced ones. */
export function filmOfValues(columns: number, rows: number, values: Iterable<number>): Film {
  const wanted = Float32Array.from(values);
  const distinct = Float32Array.from(new Set(wanted)).sort();
  const low = distinct[0] ?? 0;
  const step = ((distinct.at(-1) ?? 0) - low) / (WORDS_MAX - 1);
  const table =
    distinct.length <= WORDS_MAX
      ? distinct
      : Float32Array.from({ length: WORDS_MAX }, (_, word) => low + word * step);
  const words = new Map(Array.from(distinct, (value, word) => [value, word]));
  const samples = Uint16Array.from(wanted, (value) =>
    table === distinct ? (words.get(value) ?? 0) : Math.round((value - low) / step),
  );
  return { columns, rows, samples, values: table };
}

/** What every pixel of a film is worth. */
export function valuesOfFilm({ samples, values }: Film): number[] {
  return Array.from(samples, (word) => values[word] ?? Number.NaN);
}
