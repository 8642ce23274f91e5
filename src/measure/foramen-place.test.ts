import { describe, expect, it } from 'vitest';
import type { PointPx } from '../exam/film.ts';
import { settleForamen } from './foramen-place.ts';

// A border 2400 px wide that falls to the middle and rises again; the usual place is 427 px from its middle.
const BORDER: readonly PointPx[] = [
  [200, 900],
  [1400, 1140],
  [2600, 900],
];
const USUAL_R = 1400 - 0.178 * 2400;

function seen(xPx: number, along: number) {
  return { xPx, yPx: 850, confidence: 0.8, spreadPx: { along, across: 10 } };
}

describe('the place of a foramen', () => {
  it('hardly moves one that is plainly seen', () => {
    const placed = settleForamen(seen(USUAL_R - 80, 7), BORDER, 'R');
    expect(Math.abs(placed.xPx - (USUAL_R - 80))).toBeLessThan(7);
  });

  it('moves one that is only guessed towards where foramina lie, on either side', () => {
    const placed = settleForamen(seen(USUAL_R - 120, 40), BORDER, 'R');
    expect(placed.xPx).toBeGreaterThan(USUAL_R - 60);
    expect(placed.xPx).toBeLessThan(USUAL_R);
    const mirrored = settleForamen(seen(2800 - (USUAL_R - 120), 40), BORDER, 'L');
    expect(mirrored.xPx).toBeCloseTo(2800 - placed.xPx, 9);
  });

  it('keeps its height over the border, and is surer than either source alone', () => {
    const placed = settleForamen(seen(USUAL_R - 120, 40), BORDER, 'R');
    const heightOf = (xPx: number) => 900 + (xPx - 200) * 0.2;
    expect(heightOf(placed.xPx) - placed.yPx).toBeCloseTo(heightOf(USUAL_R - 120) - 850, 9);
    expect(placed.spreadPx.along).toBeLessThan(0.021 * 2400);
    expect(placed.spreadPx.along).toBeLessThan(80);
  });

  it('is left as it was seen where the border is not a whole one', () => {
    const placed = settleForamen(seen(USUAL_R - 900, 20), BORDER, 'R');
    expect(placed).toMatchObject({ xPx: USUAL_R - 900, yPx: 850, spreadPx: { along: 40 } });
    expect(settleForamen(seen(500, 20), [], 'R').xPx).toBe(500);
  });
});
