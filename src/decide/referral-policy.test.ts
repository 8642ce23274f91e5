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

/** A side with a usual index and a class. */
function classed(name: Side, C2: number, C3: number, widthPx = 30): SideMeasurement {
  const probabilities = { C1: 1 - C2 - C3, C2, C3 };
  const signs = { roughnessPx: 2, residueLayers: 1, porosityShare: 0.1 };
  return { ...side(name, widthPx, 0.3), mci: { class: C3 > C2 ? 'C3' : 'C2', probabilities, signs } };
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
    expect(decision).toMatchObject({ outcome: 'positive', codes: ['mcw-below-threshold', 'score-by-width'] });
    expect(decision.meanWidthMm).toBeCloseTo(2.7, 10);
    expect(decision.reasons[0]?.text).toContain('2.70 mm');
  });

  it('does not refer at exactly 3.0 mm, however the doubles add up', () => {
    const decision = decide(side('R', 29.999999), side('L', 30));
    expect(decision).toMatchObject({ outcome: 'negative' });
    expect(decision.codes).toEqual(['mcw-at-or-above-threshold', 'near-threshold', 'score-by-width']);
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
      codes: ['mcw-below-threshold', 'score-by-width', 'one-side-only'],
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

  it('divides by the magnification where it is known, and holds the width against its limit', () => {
    const corrected = decide(side('R', 36), side('L', 36), DETECTOR, 1.25);
    expect(corrected.meanWidthMm).toBeCloseTo(2.88, 10);
    expect(corrected).toMatchObject({
      outcome: 'positive',
      codes: ['mcw-below-threshold', 'score-by-width'],
    });
  });

  it('holds millimetres at the detector against no limit of corrected ones: PMI decides', () => {
    const low = decide(side('R', 36, 0.18), side('L', 36, 0.2), DETECTOR);
    expect(low.codes).toEqual([
      'pmi-below-threshold',
      'score-by-indices',
      'detector-scale-not-corrected',
      'width-not-compared',
    ]);
    expect(low.outcome).toBe('positive');
    expect(low.meanWidthMm).toBeCloseTo(3.6, 10);
    expect(decide(side('R', 25, 0.3), side('L', 25, 0.3), DETECTOR).outcome).toBe('negative');
  });

  it("takes a site's own limit for millimetres at the detector, and for those alone", () => {
    const policy = { ...DEFAULT_REFERRAL_POLICY, corticalWidthDetectorMmMin: 3.9 };
    const sides = [side('R', 36, 0.3), side('L', 36, 0.3)];
    const atDetector = decideReferral({ sides, spacing: DETECTOR, magnification: null }, policy);
    expect(atDetector).toMatchObject({ outcome: 'positive' });
    expect(atDetector.reasons[0]).toMatchObject({ code: 'mcw-below-threshold', values: { limitMm: 3.9 } });
    const calibrated = decideReferral({ sides, spacing: CALIBRATED, magnification: null }, policy);
    expect(calibrated.reasons[0]).toMatchObject({
      code: 'mcw-at-or-above-threshold',
      values: { limitMm: 3 },
    });
  });

  it('decides by the index where there are no millimetres', () => {
    const low = decide(side('R', 25, 0.18), side('L', 25, 0.2), NO_SPACING);
    expect(low).toMatchObject({ outcome: 'positive', meanWidthMm: null });
    expect(low.codes).toEqual(['pmi-below-threshold', 'score-by-indices', 'no-spacing']);
    expect(decide(side('R', 25, 0.33), side('L', 25), NO_SPACING)).toMatchObject({
      outcome: 'negative',
      codes: ['pmi-at-or-above-threshold', 'score-by-indices', 'no-spacing'],
    });
  });

  it('takes a clearly porous cortex for a finding where no width decides, even with a usual index', () => {
    const porous = decide(classed('R', 0.02, 0.97), classed('L', 0.04, 0.95), NO_SPACING);
    expect(porous.outcome).toBe('positive');
    expect(porous.codes).toEqual([
      'cortex-porous',
      'pmi-at-or-above-threshold',
      'score-by-indices',
      'no-spacing',
    ]);
    const eroded = decide(classed('R', 0.9, 0.05), classed('L', 0.9, 0.05), NO_SPACING);
    expect(eroded).toMatchObject({ outcome: 'negative' });
    expect(eroded.codes).toContain('cortex-not-porous');
  });

  it('decides by the class alone where there is no index', () => {
    const porous = { ...classed('R', 0.05, 0.9), pmi: null };
    expect(decide(porous, side('L', null), NO_SPACING)).toMatchObject({ outcome: 'positive' });
  });

  it('lets class and index support a width, never turn it round', () => {
    expect(decide(classed('R', 0, 1, 40), classed('L', 0, 1, 40)).codes).toEqual([
      'mcw-at-or-above-threshold',
      'cortex-porous',
      'score-by-width',
    ]);
    expect(decide(side('R', 40, 0.15), side('L', 40, 0.15))).toMatchObject({
      outcome: 'negative',
      codes: ['mcw-at-or-above-threshold', 'pmi-below-threshold', 'score-by-width'],
    });
  });

  it('is not assessable with neither millimetres nor an index', () => {
    expect(decide(side('R', 25), side('L', 25), NO_SPACING)).toMatchObject({
      outcome: 'not-assessable',
      codes: ['pmi-unavailable', 'no-spacing'],
      lowBoneDensityScore: null,
    });
  });

  it('warns sooner where the magnification itself is uncertain', () => {
    // 3.16 mm: nearly three standard errors of the readings from the limit, but not one of a calibration of 5 %.
    const sides = [side('R', 39.5), side('L', 39.5)];
    const codes = (magnificationError: number) =>
      decideReferral({ sides, spacing: DETECTOR, magnification: 1.25, magnificationError }).reasons.map(
        ({ code }) => code,
      );
    expect(codes(0)).not.toContain('near-threshold');
    expect(codes(0.0625)).toContain('near-threshold');
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

  it('never scores lower for a worse width, index or class, and turns at one half', () => {
    const percent = fc.double({ min: 0, max: 1, noNaN: true });
    const film = fc.record({
      widthPx: fc.double({ min: 5, max: 80, noNaN: true }),
      pmi: fc.double({ min: 0.05, max: 0.6, noNaN: true }),
      c3: percent,
    });
    const read = (
      { widthPx, pmi, c3 }: { widthPx: number; pmi: number; c3: number },
      spacing: typeof NO_SPACING,
    ) => {
      const both = (['R', 'L'] as const).map((name) => ({ ...classed(name, 1 - c3, c3, widthPx), pmi }));
      return decideReferral({ sides: both, spacing, magnification: null });
    };
    for (const spacing of [CALIBRATED, DETECTOR, NO_SPACING]) {
      fc.assert(
        fc.property(film, film, (a, b) => {
          const worse = {
            widthPx: Math.min(a.widthPx, b.widthPx),
            pmi: Math.min(a.pmi, b.pmi),
            c3: Math.max(a.c3, b.c3),
          };
          const [high, low] = [read(worse, spacing), read(a, spacing)];
          expect(high.lowBoneDensityScore ?? -1).toBeGreaterThanOrEqual(
            (low.lowBoneDensityScore ?? 2) - 1e-12,
          );
          for (const { outcome, lowBoneDensityScore: score } of [high, low]) {
            if (outcome === 'positive') expect(score).toBeGreaterThanOrEqual(0.5);
            else expect(score).toBeLessThanOrEqual(0.5 + 1e-3);
          }
        }),
      );
    }
  });
});
