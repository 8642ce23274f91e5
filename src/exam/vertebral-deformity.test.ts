import { describe, expect, it } from 'vitest';
import { countedLosses, gradeOfLoss } from './vertebral-deformity.ts';

describe('the grade of a loss', () => {
  it.each([
    [-8, 0],
    [0, 0],
    [19.999999, 0],
    [20, 1],
    [25, 1],
    [25.000001, 2],
    [40, 2],
    [40.000001, 3],
    [90, 3],
  ])('of %d %% is %d', (lossPercent, grade) => {
    expect(gradeOfLoss(lossPercent)).toBe(grade);
  });
});

describe('the losses that count', () => {
  const vertebra = {
    lossPercent: { wedge: 12, biconcave: 31, crush: 22 },
    lossErrorPercent: { wedge: 2, biconcave: 3, crush: 4 },
    remarks: [],
  };

  it('come with their errors, the largest first', () => {
    expect(countedLosses(vertebra).map(({ deformity }) => deformity)).toEqual([
      'biconcave',
      'crush',
      'wedge',
    ]);
    expect(countedLosses(vertebra)[0]).toEqual({ deformity: 'biconcave', lossPercent: 31, errorPercent: 3 });
  });

  it('are without a middle height of two contours and a posterior height that is low by nature', () => {
    const remarks = ['double-contour', 'posterior-wedge', 'near-grade-boundary'];
    expect(countedLosses({ ...vertebra, remarks }).map(({ deformity }) => deformity)).toEqual(['wedge']);
  });

  it('are without a crush that no neighbour measures, and none where nothing was measured', () => {
    const lossPercent = { ...vertebra.lossPercent, crush: null };
    const lossErrorPercent = { ...vertebra.lossErrorPercent, crush: null };
    expect(countedLosses({ ...vertebra, lossPercent, lossErrorPercent })).toHaveLength(2);
    expect(countedLosses({ lossPercent: null, lossErrorPercent: null, remarks: [] })).toEqual([]);
  });
});
