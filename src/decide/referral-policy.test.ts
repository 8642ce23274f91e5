import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Side, SideMeasurement, Spacing } from '../exam/analysis.ts';
import { decideReferral, DEFAULT_REFERRAL_POLICY, sideWidthMm } from './referral-policy.ts';

const CALIBRATED: Spacing = { mmPerPx: 0.1, source: 'calibrated' };
const DETECTOR: Spacing = { mmPerPx: 0.1, source: 'detector' };
const NO_SPACING: Spacing = { mmPerPx: null, source: 'none' };

function side(
  name: Side,
  widthPx: number | null,
  pmi: number | null = null,
  uncertaintyPx = 1,
): SideMeasurement {
  return {
    side: name,
    assessable: widthPx !== null,
    reason: widthPx === null ? 'foramen-not-found' : null,
    foramenPx: null,
    foramenConfidence: null,
    outerPx: null,
    innerPx: null,
    widthPx,
    pmi,
    uncertaintyPx: widthPx === null ? null : uncertaintyPx,
    otherWidthPx: null,
    widthsBeside: [],
    mci: null,
  };
}

function decide(
  right: SideMeasurement,
  left: SideMeasurement,
  spacing = CALIBRATED,
  magnification: number | null = null,
) {
  const decision = decideReferral({ sides: [right, left], spacing, magnification });
  return { ...decision, codes: decision.reasons.map(({ code }) => code) };
}

describe('the referral policy', () => {
  it('refers when the mean width of both sides is below 3.0 mm', () => {
    const decision = decide(side('R', 25), side('L', 29));
    expect(decision).toMatchObject({ outcome: 'positive', codes: ['mcw-below-threshold'] });
    expect(decision.meanWidthMm).toBeCloseTo(2.7, 10);
    expect(decision.reasons[0]?.text).toContain('2.70 mm');
  });

  it('does not refer at exactly 3.0 mm, however the doubles add up', () => {
    const decision = decide(side('R', 29.999999), side('L', 30));
    expect(decision).toMatchObject({ outcome: 'negative' });
    expect(decision.codes).toEqual(['mcw-at-or-above-threshold', 'near-threshold']);
  });

  it('never quotes a mean that contradicts its own decision', () => {
    const decision = decide(side('R', 29.97), side('L', 29.97));
    expect(decision.outcome).toBe('positive');
    expect(decision.reasons[0]?.text).toContain('2.99 mm');
  });

  it('lets one low side be carried by the other: the mean decides', () => {
    expect(decide(side('R', 24), side('L', 40)).outcome).toBe('negative');
  });

  it('judges by one side and says so', () => {
    expect(decide(side('R', null), side('L', 25))).toMatchObject({
      outcome: 'positive',
      codes: ['mcw-below-threshold', 'one-side-only'],
    });
  });

  it('is not assessable without a side, and gives no numbers', () => {
    expect(decide(side('R', null), side('L', null))).toMatchObject({
      outcome: 'not-assessable',
      codes: ['no-side-assessable'],
      meanWidthMm: null,
      lowBoneDensityScore: null,
    });
  });

  it('divides by the magnification where it is known, and else says detector scale', () => {
    const corrected = decide(side('R', 36), side('L', 36), DETECTOR, 1.25);
    expect(corrected.meanWidthMm).toBeCloseTo(2.88, 10);
    expect(corrected).toMatchObject({ outcome: 'positive', codes: ['mcw-below-threshold'] });
    expect(decide(side('R', 36), side('L', 36), DETECTOR).codes).toEqual([
      'mcw-at-or-above-threshold',
      'detector-scale-not-corrected',
    ]);
  });

  it('decides by the index where there are no millimetres', () => {
    const low = decide(side('R', 25, 0.18), side('L', 25, 0.2), NO_SPACING);
    expect(low).toMatchObject({ outcome: 'positive', meanWidthMm: null });
    expect(low.codes).toEqual(['pmi-below-threshold', 'no-spacing']);
    expect(decide(side('R', 25, 0.33), side('L', 25), NO_SPACING)).toMatchObject({
      outcome: 'negative',
      codes: ['pmi-at-or-above-threshold', 'no-spacing'],
    });
  });

  it('adds a low index to a width that decides the other way', () => {
    expect(decide(side('R', 40, 0.15), side('L', 40, 0.15))).toMatchObject({
      outcome: 'negative',
      codes: ['mcw-at-or-above-threshold', 'pmi-below-threshold'],
    });
  });

  it('is not assessable with neither millimetres nor an index', () => {
    expect(decide(side('R', 25), side('L', 25), NO_SPACING)).toMatchObject({
      outcome: 'not-assessable',
      codes: ['pmi-unavailable', 'no-spacing'],
      lowBoneDensityScore: null,
    });
  });

  it('warns within one standard error of the limit, on either side of it', () => {
    // Two sides of 1 px each give a standard error of 0.071 mm for the mean.
    expect(decide(side('R', 29.4), side('L', 29.4)).codes).toContain('near-threshold');
    expect(decide(side('R', 30.6), side('L', 30.6)).codes).toContain('near-threshold');
    expect(decide(side('R', 29.2), side('L', 29.2)).codes).not.toContain('near-threshold');
  });

  it('takes a spacing of zero or nonsense for none', () => {
    for (const mmPerPx of [0, -1, Number.NaN]) {
      expect(sideWidthMm({ widthPx: 30 }, { mmPerPx, source: 'detector' }, null)).toBeNull();
    }
  });

  it('takes its limits from the policy', () => {
    const policy = { ...DEFAULT_REFERRAL_POLICY, corticalWidthMmMin: 2.7 };
    const sides = [side('R', 28), side('L', 28)];
    expect(decideReferral({ sides, spacing: CALIBRATED, magnification: null }, policy).outcome).toBe(
      'negative',
    );
  });

  it('scores thinner cortices higher, one half at the limit, always between 0 and 1', () => {
    const score = (widthPx: number) =>
      decide(side('R', widthPx), side('L', widthPx)).lowBoneDensityScore ?? -1;
    expect(score(30)).toBeCloseTo(0.5, 6);
    const widths = fc.double({ min: 1, max: 100, noNaN: true });
    fc.assert(
      fc.property(widths, widths, (a, b) => {
        const [thin, wide] = a < b ? [a, b] : [b, a];
        return score(thin) >= score(wide) && score(thin) < 1 && score(wide) > 0;
      }),
    );
  });
});
