import { type Share, shareOf } from '../evaluation/estimate.ts';
import type { PhantomReading } from './phantom-films.ts';
import type { RealReading } from './real-readings.ts';
import { pairRepeats, pairWidths, type WidthPair } from './width-figures.ts';

/** A difference and the standard error that was stated for it. */
export interface StatedError {
  readonly film: string;
  readonly differenceMm: number;
  readonly statedMm: number;
}

/** How often a difference is within its stated standard error; nominal 0.68, and 0.95 within two. */
export interface Coverage {
  readonly sites: number;
  readonly within1: Share;
  readonly within2: Share;
}

/**
 * The uncertainty table. Against truth and against a tracing the difference is held against the stated error itself,
 * which is to contain what two careful readers differ by. Two tracings of one site each carry such an error, so that
 * their difference is held against the stated error times the square root of two.
 */
export interface UncertaintyFigures {
  readonly phantoms: Coverage;
  readonly tracings: { readonly all: Coverage; readonly clear: Coverage; readonly near: Coverage };
  readonly repeats: { readonly all: Coverage; readonly clear: Coverage; readonly near: Coverage };
}

/** Fills the table. */
export function summariseUncertainty(
  readings: readonly RealReading[],
  phantoms: readonly PhantomReading[],
): UncertaintyFigures {
  const pairs = pairWidths(readings, ({ analysis }, { side }) =>
    analysis.panoramic?.sides.find((one) => one.side === side),
  );
  const near = ({ isNear }: WidthPair): boolean => isNear;
  const clear = ({ isNear }: WidthPair): boolean => !isNear;
  const table = (some: readonly WidthPair[], factor: number) => ({
    all: coverOf(statedOf(some, factor)),
    clear: coverOf(statedOf(some.filter(clear), factor)),
    near: coverOf(statedOf(some.filter(near), factor)),
  });
  return {
    phantoms: coverOf(
      phantoms.flatMap(({ seed, errorMm, standardErrorMm }) =>
        errorMm === null || standardErrorMm === null
          ? []
          : [{ film: String(seed), differenceMm: errorMm, statedMm: standardErrorMm }],
      ),
    ),
    tracings: table(pairs, 1),
    repeats: table(pairRepeats(readings), Math.SQRT2),
  };
}

/** Counts what is within one and two stated errors. */
export function coverOf(stated: readonly StatedError[]): Coverage {
  const films = [...Map.groupBy(stated, ({ film }) => film).values()];
  const within = (errors: number): Share =>
    shareOf(
      films,
      (film) => film,
      ({ differenceMm, statedMm }) => Math.abs(differenceMm) <= errors * statedMm,
    );
  return { sites: stated.length, within1: within(1), within2: within(2) };
}

function statedOf(pairs: readonly WidthPair[], factor: number): readonly StatedError[] {
  return pairs.flatMap(({ film, readMm, tracedMm, statedErrorMm }) =>
    statedErrorMm === null
      ? []
      : [{ film, differenceMm: readMm - tracedMm, statedMm: factor * statedErrorMm }],
  );
}
