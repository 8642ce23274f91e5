/** How two versions of a model agree on the films that both read. Pure. */
import type { AnalysisResult } from '../exam/analysis.ts';

const LISTED_FILMS_MAX = 50;

/** Mean and spread of the shadow's number less that of the version that counted. */
export interface Difference {
  readonly films: number;
  /** null where no film has the number in both. */
  readonly mean: number | null;
  /** Standard deviation; null with fewer than two films. */
  readonly spread: number | null;
}

/** How two versions agree. */
export interface Comparison {
  readonly films: number;
  readonly sameOutcome: number;
  /** sameOutcome / films; null without films. */
  readonly agreement: number | null;
  /** Mean cortical width of a film, mm. */
  readonly corticalWidthMm: Difference;
  /** Panoramic mandibular index, mean of the sides that both measured. */
  readonly pmi: Difference;
  /** Films that only one of them calls positive, the first of them by exam. */
  readonly onlyActivePositive: { readonly films: number; readonly examIds: readonly string[] };
  readonly onlyShadowPositive: { readonly films: number; readonly examIds: readonly string[] };
}

/** A film as both read it. */
export interface FilmPair {
  readonly examId: string;
  readonly active: AnalysisResult;
  readonly shadow: AnalysisResult;
}

/** Compares film by film, whatever their number, in a memory that does not grow with it. */
export async function compareReadings(pairs: AsyncIterable<FilmPair>): Promise<Comparison> {
  let [films, sameOutcome] = [0, 0];
  const width = new DifferenceTally();
  const pmi = new DifferenceTally();
  const onlyActive = new FilmTally();
  const onlyShadow = new FilmTally();
  for await (const { examId, active, shadow } of pairs) {
    films += 1;
    if (active.outcome === shadow.outcome) sameOutcome += 1;
    else if (active.outcome === 'positive') onlyActive.add(examId);
    else if (shadow.outcome === 'positive') onlyShadow.add(examId);
    width.add(active.panoramic?.meanWidthMm ?? null, shadow.panoramic?.meanWidthMm ?? null);
    pmi.add(...commonPmi(active, shadow));
  }
  return {
    films,
    sameOutcome,
    agreement: films === 0 ? null : sameOutcome / films,
    corticalWidthMm: width.result(),
    pmi: pmi.result(),
    onlyActivePositive: onlyActive.result(),
    onlyShadowPositive: onlyShadow.result(),
  };
}

function commonPmi(active: AnalysisResult, shadow: AnalysisResult): [number | null, number | null] {
  const both = (active.panoramic?.sides ?? []).flatMap(({ side, pmi }) => {
    const other = shadow.panoramic?.sides.find((one) => one.side === side)?.pmi ?? null;
    return pmi === null || other === null ? [] : [[pmi, other] as const];
  });
  if (both.length === 0) return [null, null];
  const mean = (at: 0 | 1): number => both.reduce((sum, pair) => sum + pair[at], 0) / both.length;
  return [mean(0), mean(1)];
}

/** Welford's running mean and sum of squares: exact enough for any number of films, and nothing is kept. */
class DifferenceTally {
  #films = 0;
  #mean = 0;
  #squares = 0;

  add(active: number | null, shadow: number | null): void {
    if (active === null || shadow === null) return;
    this.#films += 1;
    const off = shadow - active - this.#mean;
    this.#mean += off / this.#films;
    this.#squares += off * (shadow - active - this.#mean);
  }

  result(): Difference {
    return {
      films: this.#films,
      mean: this.#films === 0 ? null : this.#mean,
      spread: this.#films < 2 ? null : Math.sqrt(this.#squares / (this.#films - 1)),
    };
  }
}

class FilmTally {
  #films = 0;
  readonly #examIds: string[] = [];

  add(examId: string): void {
    this.#films += 1;
    if (this.#examIds.length < LISTED_FILMS_MAX) this.#examIds.push(examId);
  }

  result(): { readonly films: number; readonly examIds: readonly string[] } {
    return { films: this.#films, examIds: this.#examIds };
  }
}
