import { describe, expect, it } from 'vitest';
import { agreeOnClasses } from './class-figures.ts';
import { type ForamenPair, summariseForamenPairs } from './foramen-figures.ts';
import { coverOf } from './uncertainty-figures.ts';
import { correlate, summarisePairs, type WidthPair } from './width-figures.ts';

function pair(film: string, readMm: number, tracedMm: number): WidthPair {
  const rest = { otherTracedMm: null, statedErrorMm: null, isNear: false, quality: 'good' };
  return { film, side: 'R', readMm, tracedMm, foramenApartMm: 0, ...rest };
}

function foramen(apartMm: number | null, confidence: number | null): ForamenPair {
  return { film: '1', visibility: 'plain', apartMm, confidence };
}

describe('widths beside each other', () => {
  it('give mean, median, bias and correlation', () => {
    const agreement = summarisePairs([pair('1', 3, 2), pair('1', 4, 4), pair('2', 5, 7)]);
    expect(agreement.meanAbsoluteErrorMm.value).toBeCloseTo(1, 12);
    expect(agreement.medianErrorMm.value).toBe(1);
    expect(agreement.biasMm.value).toBeCloseTo(-1 / 3, 12);
    expect(agreement.sites).toBe(3);
    // By hand: covariance 5 of deviations (-1, 0, 1) and (-7/3, -1/3, 8/3).
    expect(agreement.correlation.value).toBeCloseTo(5 / Math.sqrt(2 * (38 / 3)), 12);
  });

  it('have no correlation where nothing varies', () => {
    expect(correlate([pair('1', 3, 2), pair('2', 3, 4)])).toBeNaN();
    expect(summarisePairs([]).correlation).toEqual({ value: null, interval95: null });
  });
});

describe('foramina beside those placed by hand', () => {
  it('count one that was not found as far away, and bin confidences with the upper end in the last', () => {
    const figures = summariseForamenPairs([
      foramen(1, 1),
      foramen(2, 0.85),
      foramen(8, 0.1),
      foramen(null, null),
    ]);
    expect(figures.seen.within3Mm).toMatchObject({ count: 2, of: 4 });
    expect(figures.seen.medianMm).toBe(5);
    expect(figures.seen.percentile90Mm).toBeNull();
    expect(figures.reliability.map(({ sites }) => sites)).toEqual([1, 0, 0, 0, 2]);
    expect(figures.reliability.at(-1)).toMatchObject({ shareWithin3Mm: 1, meanConfidence: 0.925 });
    expect(figures.byVisibility.faint.within3Mm.value).toBeNull();
  });

  it('leave guesses out of what is judged', () => {
    expect(summariseForamenPairs([{ ...foramen(1, 1), visibility: 'guess' }]).seen.within3Mm.of).toBe(0);
  });
});

describe('the uncertainty table', () => {
  it('counts what is within one and within two stated errors', () => {
    const stated = [-0.1, 0.19, 0.3].map((differenceMm) => ({ film: '1', differenceMm, statedMm: 0.1 }));
    const { sites, within1, within2 } = coverOf(stated);
    expect([sites, within1.count, within2.count]).toEqual([3, 1, 2]);
  });
});

describe('classes beside each other', () => {
  it('stand in a table with what was traced first in its rows', () => {
    const agreement = agreeOnClasses([
      { film: '1', traced: 0, read: 0 },
      { film: '1', traced: 1, read: 2 },
      { film: '2', traced: 2, read: 2 },
    ]);
    expect(agreement.table).toEqual([[1, 0, 0], [0, 0, 1], [0, 0, 1]]); // prettier-ignore
    expect(agreement.same).toMatchObject({ count: 2, of: 3 });
    // Agreement 2/3, by chance (1 + 0 + 2) / 9.
    expect(agreement.kappa.value).toBeCloseTo((2 / 3 - 1 / 3) / (1 - 1 / 3), 12);
  });
});
