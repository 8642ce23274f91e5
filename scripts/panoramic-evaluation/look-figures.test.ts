import { describe, expect, it } from 'vitest';
import { type LookedReading, type LookPair, summariseLook, summariseLooks } from './look-figures.ts';

function reading(
  borderMm: number | null,
  widthMm: number | null,
  otherWidthMm: number | null = null,
): LookedReading {
  const reason = widthMm === null ? 'border-not-visible' : null;
  return { borderMm, sides: [{ side: 'R', widthMm, statedErrorMm: 0.1, otherWidthMm, reason }] };
}

function pair(film: string, plain: LookedReading, looked: LookedReading): LookPair {
  return { film, plain, looked };
}

describe('what a look does', () => {
  it('is told by loss of the border, change of the width and what it turns away', () => {
    const figures = summariseLook('blur', false, [
      pair('1', reading(0.1, 4), reading(0.2, 4.2)),
      pair('2', reading(0.1, 4), reading(0.3, null)),
      pair('3', reading(0.1, null), reading(0.2, 5)),
    ]);
    expect(figures).toMatchObject({ borderLossMm: 0.1, widthSites: 1, widthChangeMm: 0.2 });
    expect(figures.turnedNotAssessable).toEqual({ count: 1, of: 2 });
    expect(figures.reasons).toEqual({ 'border-not-visible': 1 });
    expect([figures.grossBorders, figures.grossWidths]).toEqual([[], []]);
  });

  it('is a gross error only where it is reported', () => {
    const figures = summariseLook('plate', false, [
      pair('1', reading(0.1, 4), reading(1.3, 5.5)),
      pair('2', reading(0.1, 4), reading(3, null)),
      pair('3', reading(0.1, 4), reading(0.1, 5.5, 4.1)),
    ]);
    expect(figures.grossBorders).toEqual(['1']);
    expect(figures.grossWidths).toEqual(['1 R', '3 R']);
    expect(figures.grossWidthsStated).toBe(1);
  });

  it('is right to leave nothing to measure where nothing can be measured', () => {
    const cut = summariseLook('chin-cut', true, [
      pair('1', reading(0.1, 4), reading(0.9, null)),
      pair('2', reading(0.1, 4), reading(0.9, 4.1)),
    ]);
    const blur = summariseLook('blur', false, [pair('1', reading(0.1, 4), reading(0.15, 4))]);
    const all = summariseLooks(['1', '2'], [cut, blur]);
    expect(all.reportedAgainstReason).toEqual({ count: 1, of: 2 });
    expect(all).toMatchObject({ worstBorderLossMm: 0.05, worstWidthChangeMm: 0, grossErrors: 0 });
  });
});
