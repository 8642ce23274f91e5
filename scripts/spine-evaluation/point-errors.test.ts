import { describe, expect, it } from 'vitest';
import { comparePoints, ratiosOf } from './point-errors.ts';

const LABEL = {
  superiorAnterior: [10, 10],
  superiorMiddle: [30, 12],
  superiorPosterior: [50, 10],
  inferiorAnterior: [10, 40],
  inferiorMiddle: [30, 38],
  inferiorPosterior: [50, 50],
} as const;

describe('the errors of a find', () => {
  it('are parts of the height of the labelled body, which is 30 in front and 40 behind', () => {
    const moved = { ...LABEL, superiorAnterior: [13, 14], inferiorMiddle: [30, 41] } as const;
    const errors = comparePoints(LABEL, moved);
    expect(errors.cornersPercent).toBeCloseTo((100 * 5) / 35 / 4, 10);
    expect(errors.pointsPercent).toBeCloseTo((100 * (5 + 3)) / 35 / 6, 10);
    expect(errors.wedgeRatio).toBeCloseTo(30 / 40 - Math.hypot(3, 26) / 40, 10);
    expect(errors.biconcaveRatio).toBeCloseTo(3 / 40, 10);
  });

  it('are none of a find that is the label', () => {
    expect(comparePoints(LABEL, LABEL)).toEqual({
      ...{ cornersPercent: 0, pointsPercent: 0, wedgeRatio: 0, biconcaveRatio: 0 },
    });
    expect(ratiosOf(LABEL)).toEqual({ wedge: 0.75, biconcave: 0.65 });
  });
});
