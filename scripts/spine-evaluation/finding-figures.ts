import { type Estimate, meanOf, type Share, shareOf } from '../evaluation/estimate.ts';
import type { BodyComparison, FilmComparison } from './film-comparison.ts';
import type { PointErrors } from './point-errors.ts';

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

function meanError(films: readonly FilmComparison[], name: keyof PointErrors): Estimate {
  return meanOf(films, ({ bodies }) =>
    bodies.flatMap(({ errors }) => (errors === null ? [] : [errors[name]])),
  );
}
