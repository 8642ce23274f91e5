import { describe, expect, it } from 'vitest';
import { countPairs, weightedKappa } from './rating-agreement.ts';

/** Two radiologists on 85 xeromammograms: normal, benign, suspected cancer, cancer (Altman 1991, table 14.6). */
const MAMMOGRAMS = [
  [21, 12, 0, 0],
  [4, 17, 1, 0],
  [3, 9, 15, 2],
  [0, 0, 0, 1],
];

describe('the weighted kappa', () => {
  it('is the textbook 0.47 with equal weights, 0.57 with linear and 0.67 with quadratic ones', () => {
    expect(weightedKappa(MAMMOGRAMS, 'equal')).toBeCloseTo(0.47, 2);
    expect(weightedKappa(MAMMOGRAMS, 'linear')).toBeCloseTo(0.57, 2);
    expect(weightedKappa(MAMMOGRAMS, 'quadratic')).toBeCloseTo(0.67, 2);
  });

  it('is one without a disagreement, zero at chance, and the plain kappa of two grades', () => {
    expect(weightedKappa([[5, 0], [0, 3]], 'quadratic')).toBe(1); // prettier-ignore
    expect(weightedKappa([[4, 4], [4, 4]], 'linear')).toBe(0); // prettier-ignore
    // Two readers of 50 grants (the usual example): agreement 0.7, by chance 0.5, so kappa is 0.4.
    for (const weights of ['linear', 'quadratic'] as const)
      expect(weightedKappa([[20, 5], [10, 15]], weights)).toBeCloseTo(0.4, 12); // prettier-ignore
  });

  it('is no number where nothing can differ', () => {
    expect(weightedKappa([[7, 0], [0, 0]], 'linear')).toBeNaN(); // prettier-ignore
  });
});

describe('the table of pairs', () => {
  it('has the first reader in its rows and refuses a grade that is not there', () => {
    expect(countPairs([[0, 1], [0, 1], [2, 2]], 3)).toEqual([[0, 2, 0], [0, 0, 0], [0, 0, 1]]); // prettier-ignore
    expect(() => countPairs([[0, 3]], 3)).toThrow(RangeError);
  });
});
