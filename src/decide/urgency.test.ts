import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GenantGrade } from '../exam/analysis.ts';
import type { FindingKind } from '../exam/finding-kind.ts';
import { type UrgencySource, urgencyOf } from './urgency.ts';

const KINDS: readonly (FindingKind | null)[] = [null, 'low-density', 'thin-cortex', 'fracture'];
const source: fc.Arbitrary<UrgencySource> = fc.record({
  kind: fc.constantFrom(...KINDS),
  grade: fc.constantFrom<(GenantGrade | null)[]>(null, 0, 1, 2, 3),
  sortingScore: fc.option(fc.double({ min: -1, max: 2, noNaN: true })),
  ageYears: fc.option(fc.integer({ min: 0, max: 120 })),
  asksTreatment: fc.boolean(),
});

describe('the urgency of a referral', () => {
  it('is a whole number from 0 to 1000', () => {
    fc.assert(
      fc.property(source, (of) => {
        const urgency = urgencyOf(of);
        expect(Number.isInteger(urgency)).toBe(true);
        expect(urgency).toBeGreaterThanOrEqual(0);
        expect(urgency).toBeLessThanOrEqual(1000);
      }),
    );
  });

  it('never sinks when anything gets worse', () => {
    fc.assert(
      fc.property(source, source, (one, other) => {
        const worse: UrgencySource = {
          kind: KINDS[Math.max(KINDS.indexOf(one.kind), KINDS.indexOf(other.kind))] ?? null,
          grade: Math.max(one.grade ?? 0, other.grade ?? 0) as GenantGrade,
          sortingScore: Math.max(one.sortingScore ?? 0, other.sortingScore ?? 0),
          // An age that is not known is no age to compare.
          ageYears:
            one.ageYears === null || other.ageYears === null
              ? one.ageYears
              : Math.max(one.ageYears, other.ageYears),
          asksTreatment: one.asksTreatment || other.asksTreatment,
        };
        expect(urgencyOf(worse)).toBeGreaterThanOrEqual(urgencyOf(one));
      }),
    );
  });

  it('puts any fracture before any thin cortex, and that before any low density', () => {
    fc.assert(
      fc.property(source, source, (one, other) => {
        const of = (kind: FindingKind, rest: UrgencySource) => urgencyOf({ ...rest, kind });
        expect(of('fracture', one)).toBeGreaterThan(of('thin-cortex', other));
        expect(of('thin-cortex', one)).toBeGreaterThan(of('low-density', other));
        expect(of('low-density', one)).toBeGreaterThan(urgencyOf({ ...other, kind: null }));
      }),
    );
  });

  it('tells a severe fracture of an old person from a mild one of a younger', () => {
    const severe = {
      kind: 'fracture',
      grade: 3,
      sortingScore: 0.9,
      ageYears: 84,
      asksTreatment: true,
    } as const;
    expect(urgencyOf(severe)).toBeGreaterThan(
      urgencyOf({ ...severe, grade: 1, sortingScore: 0.3, ageYears: 61 }) + 200,
    );
  });
});
