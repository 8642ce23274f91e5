import { mean } from '../bench/statistics.ts';
import { bootstrapInterval } from './bootstrap.ts';
import type { BodyComparison, FilmComparison } from './film-comparison.ts';
import type { PointErrors } from './point-errors.ts';

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

/** How well bodies are found and placed on films with labels. */
export interface FindingFigures {
  readonly films: number;
  readonly filmsWithoutSpine: number;
  readonly bodiesFound: Share;
  /** Of the bodies found: those that were graded, not refused. */
  readonly bodiesGraded: Share;
  /** Finds that match no label, by what they lie on. */
  readonly otherFinds: {
    readonly offBody: number;
    readonly doubled: number;
    readonly onVisibleBody: number;
    readonly onSacrum: number;
  };
  readonly cornerErrorPercent: Estimate;
  readonly sixPointErrorPercent: Estimate;
  readonly wedgeRatioError: Estimate;
  readonly biconcaveRatioError: Estimate;
  readonly levelsRight: Share;
  /** Of the levels whose own confidence is at least 0.5. */
  readonly confidentLevelsRight: Share;
  readonly facingRight: Share;
  /** Bodies that their label calls sound and that were graded all the same. */
  readonly falseGrades: { readonly soundBodies: number; readonly grade1: number; readonly grade2: number };
}

const LEVEL_CONFIDENCE_MIN = 0.5;

/** Sums films up. */
export function summariseFilms(films: readonly FilmComparison[]): FindingFigures {
  const found = (body: BodyComparison): boolean => body.find !== null;
  const count = (place: keyof FilmComparison['finds']): number =>
    films.reduce((sum, { finds }) => sum + finds[place], 0);
  const sound = foundBodies(films).filter(({ label }) => label.genantGrade === 0);
  const graded = (gradeMin: number): number =>
    sound.filter(({ find }) => (find?.genantGrade ?? 0) >= gradeMin).length;
  const isLevelRight = ({ label, find }: BodyComparison): boolean => find?.level === label.level;
  return {
    films: films.length,
    filmsWithoutSpine: films.filter(({ finding }) => finding === null).length,
    bodiesFound: shareOf(films, ({ bodies }) => bodies, found),
    bodiesGraded: shareOf(films, foundOf, ({ find }) => find?.assessable === true),
    otherFinds: {
      offBody: count('offBody'),
      doubled: count('doubled'),
      onVisibleBody: count('onVisible'),
      onSacrum: count('onSacrum'),
    },
    cornerErrorPercent: meanError(films, 'cornersPercent'),
    sixPointErrorPercent: meanError(films, 'pointsPercent'),
    wedgeRatioError: meanError(films, 'wedgeRatio'),
    biconcaveRatioError: meanError(films, 'biconcaveRatio'),
    levelsRight: shareOf(films, foundOf, isLevelRight),
    confidentLevelsRight: shareOf(
      films,
      (film) => foundOf(film).filter(({ find }) => (find?.levelConfidence ?? 0) >= LEVEL_CONFIDENCE_MIN),
      isLevelRight,
    ),
    facingRight: shareOf(
      films,
      ({ isFacingCorrect }) => (isFacingCorrect === null ? [] : [isFacingCorrect]),
      (isCorrect) => isCorrect,
    ),
    falseGrades: { soundBodies: sound.length, grade1: graded(1), grade2: graded(2) },
  };
}

/** The bodies that were found on films. */
export function foundBodies<Film extends FilmComparison>(films: readonly Film[]): Film['bodies'][number][] {
  return films.flatMap(foundOf);
}

function foundOf({ bodies }: FilmComparison): BodyComparison[] {
  return bodies.filter(({ find }) => find !== null);
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

function meanError(films: readonly FilmComparison[], name: keyof PointErrors): Estimate {
  return meanOf(films, ({ bodies }) =>
    bodies.flatMap(({ errors }) => (errors === null ? [] : [errors[name]])),
  );
}
