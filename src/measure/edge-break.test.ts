import { describe, expect, it } from 'vitest';
import { fitEdgeBreak } from './edge-break.ts';

const axis = Float64Array.from({ length: 61 }, (_, index) => -15 + index * 0.5);
const search = { fromPx: -6, toPx: 6, halfWindowPx: 10, expectedPx: 0, expectedSpreadPx: 4 };

/** A blurred step of height `fall` at `at`, with a slope before it. */
function step(at: number, blurPx: number, slope = 0, fall = 50): Float64Array {
  return axis.map((x) => {
    let share = 0;
    for (let k = -40; k <= 40; k += 1) {
      const z = k / 10;
      if (x + z * blurPx > at) share += Math.exp((-z * z) / 2) / 25.066;
    }
    return 200 + slope * Math.min(0, x - at) - fall * share;
  });
}

describe('the break in a profile', () => {
  it.each([
    [-3.3, 0.8],
    [0.17, 2],
    [2.6, 3.5],
  ])('at %f px is found to a quarter of a pixel under a blur of %f px', (at, blurPx) => {
    const found = fitEdgeBreak(axis, step(at, blurPx), search);
    expect(Math.abs((found?.at ?? NaN) - at)).toBeLessThan(0.25);
    const fall = (found?.before ?? 0) - (found?.after ?? 0);
    expect(fall).toBeGreaterThan(40);
    expect(fall).toBeLessThan(65);
  });

  it('stays where it is when the band brightens towards it', () => {
    const found = fitEdgeBreak(axis, step(1.4, 2, 3), search);
    expect(Math.abs((found?.at ?? NaN) - 1.4)).toBeLessThan(0.2);
  });

  it('is not a rise where a fall is asked for', () => {
    const rise = step(1, 2, 0, -50);
    const found = fitEdgeBreak(axis, rise, { ...search, sign: -1 });
    expect(Math.abs((found?.at ?? 99) - 1)).toBeGreaterThan(1);
    expect(fitEdgeBreak(axis, rise, { ...search, sign: 1 })?.at).toBeCloseTo(1, 0);
  });

  it('is not found on a profile that lies outside the film', () => {
    expect(fitEdgeBreak(axis, new Float64Array(axis.length).fill(NaN), search)).toBeNull();
  });
});
