import type { Film } from '../exam/film.ts';

/** How often each value of a film occurs. */
export interface Histogram {
  /** The values that occur, ascending, each once. */
  readonly values: Float32Array;
  readonly counts: Uint32Array;
  readonly total: number;
}

/**
 * Counts the values of a film in one pass over its words.
 * @param step looks at every so many pixels only
 */
export function histogramOf({ samples, values }: Film, step = 1): Histogram {
  const words = new Uint32Array(values.length);
  for (let i = 0; i < samples.length; i += step) {
    const word = samples[i] ?? 0;
    words[word] = (words[word] ?? 0) + 1;
  }
  const present: number[] = [];
  let isAscending = true;
  for (let word = 0; word < words.length; word++) {
    if (words[word] === 0) continue;
    isAscending &&= present.length === 0 || (values[word] ?? 0) > (values[present.at(-1) ?? 0] ?? 0);
    present.push(word);
  }
  // An inverted film, or a table that gives two words one value, is put in order and joined.
  if (!isAscending) present.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  return join(present, values, words, Math.ceil(samples.length / step));
}

function join(
  present: readonly number[],
  valueOf: Float32Array,
  countOf: Uint32Array,
  total: number,
): Histogram {
  const values = new Float32Array(present.length);
  const counts = new Uint32Array(present.length);
  let used = 0;
  for (const word of present) {
    const value = valueOf[word] ?? 0;
    if (used === 0 || value !== values[used - 1]) values[used++] = value;
    counts[used - 1] = (counts[used - 1] ?? 0) + (countOf[word] ?? 0);
  }
  return { values: values.subarray(0, used), counts: counts.subarray(0, used), total };
}

/** Percentiles (0 to 100) as numpy gives them, linear between neighbours; 0 where there are no values. */
export function percentilesOf(histogram: Histogram, percentiles: readonly number[]): number[] {
  const { total } = histogram;
  return percentiles.map((percentile) => {
    if (total === 0) return 0;
    const position = (Math.min(Math.max(percentile, 0), 100) / 100) * (total - 1);
    const rank = Math.floor(position);
    const below = valueAtRank(histogram, rank);
    const above = valueAtRank(histogram, Math.min(rank + 1, total - 1));
    return below + (above - below) * (position - rank);
  });
}

/** The value that stands at a place of the sorted pixels, counted from 0. */
export function valueAtRank({ values, counts }: Histogram, rank: number): number {
  let seen = 0;
  for (let i = 0; i < counts.length; i++) {
    seen += counts[i] ?? 0;
    if (seen > rank) return values[i] ?? 0;
  }
  return values.at(-1) ?? 0;
}
