import { describe, expect, it } from 'vitest';
import { rankingQuality } from './ranking.ts';

const spread = (counts: readonly number[]): number[] =>
  counts.flatMap((count, index) => Array.from({ length: count }, () => index + 1));

describe('the area under the curve', () => {
  it('is that of Hanley and McNeil 1982 (109 CT pictures), with the error and interval of DeLong', () => {
    const { area, standardError, interval95 } = rankingQuality(
      spread([3, 2, 2, 11, 33]),
      spread([33, 6, 6, 11, 2]),
    );
    expect(area).toBeCloseTo(0.8932, 4);
    expect(standardError).toBeCloseTo(0.0307, 4);
    expect(interval95[0]).toBeCloseTo(0.83295, 4);
    expect(interval95[1]).toBeCloseTo(0.95339, 4);
  });

  it('is one when every case ranks above every control, and one half when nothing tells them apart', () => {
    expect(rankingQuality([3, 4], [1, 2])).toEqual({ area: 1, standardError: 0, interval95: [1, 1] });
    expect(rankingQuality([1, 1, 1], [1, 1]).area).toBe(0.5);
    expect(rankingQuality([], [1, 2]).area).toBeNaN();
  });
});
