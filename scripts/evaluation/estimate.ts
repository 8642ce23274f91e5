import { mean } from '../bench/statistics.ts';
import { bootstrapInterval } from './bootstrap.ts';

/** A figure with its 95 % interval by drawing films again; null where there is nothing to reckon it from. */
export interface Estimate {
  readonly value: number | null;
  readonly interval95: readonly [number, number] | null;
}

/** Some of so many. */
export interface Share extends Estimate {
  readonly count: number;
  readonly of: number;
}

interface Tally {
  readonly count: number;
  readonly of: number;
}

/** How many of the things on films are so. */
export function shareOf<Film, Item>(
  films: readonly Film[],
  itemsOf: (film: Film) => readonly Item[],
  isSo: (item: Item) => boolean,
): Share {
  const tallies = films.map((film): Tally => {
    const items = itemsOf(film);
    return { count: items.filter(isSo).length, of: items.length };
  });
  const total = (key: 'count' | 'of', some: readonly Tally[] = tallies): number =>
    some.reduce((sum, tally) => sum + tally[key], 0);
  const estimate = estimateOf(tallies, (some) => total('count', some) / total('of', some));
  return { count: total('count'), of: total('of'), ...estimate };
}

/** A mean over all values of all films; films with more bodies weigh more. */
export function meanOf<Film>(films: readonly Film[], valuesOf: (film: Film) => readonly number[]): Estimate {
  return estimateOf(films.map(valuesOf), (some) => mean(some.flat()));
}

/** A figure of films with its interval. */
export function estimateOf<Film>(
  films: readonly Film[],
  figure: (films: readonly Film[]) => number,
): Estimate {
  const value = figure(films);
  return Number.isNaN(value)
    ? { value: null, interval95: null }
    : { value, interval95: bootstrapInterval(films, figure) };
}
