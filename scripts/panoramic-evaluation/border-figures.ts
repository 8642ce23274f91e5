import type { AnalysisResult } from '../../src/exam/analysis.ts';
import { mean, quantile, rounded } from '../bench/statistics.ts';
import { type Estimate, estimateOf, type Share, shareOf } from '../evaluation/estimate.ts';
import { borderErrorPx, meanDistancePx } from './border-error.ts';
import type { RealReading } from './real-readings.ts';

/** A film of which no side could be measured. */
export interface RefusedFilm {
  readonly film: string;
  readonly reasons: readonly string[];
}

/** The inferior border against the experts' outlines, millimetres at the detector (contract: border error). */
export interface BorderFigures {
  readonly films: number;
  /** Films on which no border was found; they have no error. */
  readonly filmsWithoutBorder: number;
  readonly medianMm: Estimate;
  readonly percentile90Mm: Estimate;
  readonly meanMm: Estimate;
  readonly filmsWithin06Mm: Share;
  /** How far the two experts lie from each other; null where there is one. */
  readonly expertsApartMm: { readonly median: number; readonly percentile90: number } | null;
  /** Neither side was assessable. */
  readonly refusedFilms: Share & { readonly list: readonly RefusedFilm[] };
  readonly sidesNotAssessable: Share & { readonly byReason: Readonly<Record<string, number>> };
  readonly folds: readonly { readonly fold: number; readonly films: number; readonly medianMm: number }[];
  /** The worst first. */
  readonly worstFilms: readonly { readonly film: string; readonly errorMm: number }[];
}

const GOOD_MM = 0.6;
const WORST_FILMS = 8;

/** Sums the borders of films up. */
export function summariseBorder(readings: readonly RealReading[]): BorderFigures {
  const films = readings.flatMap((reading) => {
    const errorMm = borderErrorMm(reading);
    return errorMm === null ? [] : [{ film: reading.film, fold: reading.fold, errorMm }];
  });
  const errors = (some: readonly (typeof films)[number][]): readonly number[] =>
    some.map(({ errorMm }) => errorMm);
  const apart = readings.flatMap(({ outlines: [one, other], mmPerPx }) =>
    one === undefined || other === undefined ? [] : [meanDistancePx(one, other) * mmPerPx],
  );
  const sides = readings.flatMap(({ analysis }) => reasonsOfSides(analysis));
  const refused = readings.filter(({ analysis }) => isRefused(analysis));
  return {
    films: readings.length,
    filmsWithoutBorder: readings.length - films.length,
    medianMm: estimateOf(films, (some) => quantile(errors(some), 0.5)),
    percentile90Mm: estimateOf(films, (some) => quantile(errors(some), 0.9)),
    meanMm: estimateOf(films, (some) => mean(errors(some))),
    filmsWithin06Mm: shareOf(
      films,
      (film) => [film.errorMm],
      (errorMm) => errorMm <= GOOD_MM,
    ),
    expertsApartMm:
      apart.length === 0
        ? null
        : { median: rounded(quantile(apart, 0.5)), percentile90: rounded(quantile(apart, 0.9)) },
    refusedFilms: {
      ...shareOf(
        readings,
        ({ analysis }) => [analysis],
        (analysis) => isRefused(analysis),
      ),
      list: refused.map(({ film, analysis }) => ({ film, reasons: reasonsOfFilm(analysis) })),
    },
    sidesNotAssessable: {
      ...shareOf(
        readings,
        ({ analysis }) => reasonsOfSides(analysis),
        (reason) => reason !== null,
      ),
      byReason: countEach(sides.filter((reason) => reason !== null)),
    },
    folds: [...new Set(films.flatMap(({ fold }) => (fold === null ? [] : [fold])))].map((fold) => {
      const own = films.filter((film) => film.fold === fold);
      return { fold, films: own.length, medianMm: rounded(quantile(errors(own), 0.5)) };
    }),
    worstFilms: [...films]
      .sort((one, other) => other.errorMm - one.errorMm)
      .slice(0, WORST_FILMS)
      .map(({ film, errorMm }) => ({ film, errorMm: rounded(errorMm) })),
  };
}

/** The border error of one film; null where no border was found. */
export function borderErrorMm({ outlines, analysis, mmPerPx }: RealReading): number | null {
  if (analysis.panoramic === null) return null;
  const error = borderErrorPx(outlines, analysis.panoramic.inferiorBorderPx) * mmPerPx;
  return Number.isNaN(error) ? null : error;
}

/** Whether neither side of a film could be measured. */
export function isRefused({ panoramic }: AnalysisResult): boolean {
  return panoramic === null || panoramic.sides.every(({ assessable }) => !assessable);
}

/** Why each side was not measured; null for a side that was. */
function reasonsOfSides({ panoramic, reasons }: AnalysisResult): readonly (string | null)[] {
  if (panoramic === null) return ['R', 'L'].map(() => reasons[0]?.code ?? 'no-reason');
  return panoramic.sides.map(({ assessable, reason }) => (assessable ? null : (reason ?? 'no-reason')));
}

/** Why a film ended as it did, by the codes of its sides where it has any. */
export function reasonsOfFilm(analysis: AnalysisResult): readonly string[] {
  return [...new Set(reasonsOfSides(analysis).flatMap((reason) => reason ?? []))];
}

/** How often each text stands in a list. */
export function countEach(texts: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}
