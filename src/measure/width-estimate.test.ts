import { describe, expect, it } from 'vitest';
import type { SiteReading } from './site-reading.ts';
import { estimateWidth, type PlacedReading } from './width-estimate.ts';

const PLACES = [-52, -39, -26, -13, 0, 13, 26, 39, 52];

/** Readings of a band: its width at each place, and with it another margin of some probability. */
function readingsOf(widthAt: (distal: number) => number | null, other = { depth: 60, probability: 0 }) {
  return PLACES.map((distal): PlacedReading => {
    const width = widthAt(distal);
    const levels = { outer: 0, half: 8, step: 2, outside: 0, cortex: 200, marrow: 100 };
    const likely = width === null ? [] : [{ depth: width, probability: 1 - other.probability }, { ...other }];
    const reading: SiteReading = { levels, outer: 0, width, likely };
    return { distal, reading };
  });
}

describe('the width from several places', () => {
  it('is that of an even band, with a small error and no other margin', () => {
    const estimate = estimateWidth(
      readingsOf(() => 45),
      10,
    );
    expect(estimate).toMatchObject({ width: 45, other: null });
    expect(estimate?.standardError).toBeLessThan(1);
  });

  it('is not moved by one place that reads another line', () => {
    const estimate = estimateWidth(
      readingsOf((distal) => (distal === 0 ? 58 : 45)),
      25,
    );
    expect(estimate?.width).toBe(45);
    expect(estimate?.standardError).toBeGreaterThan(3);
  });

  it('is the less certain the less is known of the foramen where the width changes', () => {
    const slanted = readingsOf((distal) => 45 + 0.2 * distal);
    const [sure, unsure] = [estimateWidth(slanted, 0), estimateWidth(slanted, 40)];
    expect(sure?.width).toBeCloseTo(45, 5);
    expect(unsure?.standardError).toBeGreaterThan(1.2 * (sure?.standardError ?? NaN));
  });

  it('widens its error by a near decision and names the other width', () => {
    const near = readingsOf(() => 45, { depth: 60, probability: 0.4 });
    const estimate = estimateWidth(near, 10);
    expect(estimate).toMatchObject({ width: 45, other: 60 });
    // p of the way: the root of 0.4 times 15 steps.
    expect(estimate?.standardError).toBeCloseTo(15 * Math.sqrt(0.4), 0);
    const clear = readingsOf(() => 45, { depth: 60, probability: 0.02 });
    expect(estimateWidth(clear, 10)?.other).toBeNull();
  });

  it('is absent where less than half of the places could be read', () => {
    expect(
      estimateWidth(
        readingsOf((distal) => (distal < -20 ? 45 : null)),
        20,
      ),
    ).toBeNull();
  });
});
