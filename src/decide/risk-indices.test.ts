import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { riskIndicesOf, type RiskSubject } from './risk-indices.ts';

const FACTORS = { weightKg: 58, usesOestrogen: false, hasPriorFracture: true };
const WOMAN: RiskSubject = { ageYears: 76, sex: 'F' };

function of(index: 'OST' | 'ORAI' | 'OSIRIS', change: object = {}, subject: Partial<RiskSubject> = {}) {
  const all = riskIndicesOf({ ...FACTORS, ...change }, { ...WOMAN, ...subject });
  const { score, level } = all.find((one) => one.index === index)!;
  return [score, level];
}

describe('the indices of risk', () => {
  it('OST is a fifth of weight minus age, truncated toward zero', () => {
    expect(of('OST')).toEqual([-3, 'medium']);
    expect(of('OST', { weightKg: 52.5 })).toEqual([-4, 'medium']);
    expect(of('OST', { weightKg: 51 })).toEqual([-5, 'high']);
    expect(of('OST', { weightKg: 86 })).toEqual([2, 'low']);
    expect(of('OST', { weightKg: 85.9 })).toEqual([1, 'medium']);
    expect(of('OST', { weightKg: 95.9 }, { sex: 'M' })).toEqual([3, 'medium']);
    expect(of('OST', { weightKg: 96 }, { sex: 'M' })).toEqual([4, 'low']);
    expect(of('OST', { weightKg: 74 })).toEqual([0, 'medium']);
  });

  it.each([
    [75, 59.9, false, 26],
    [74, 60, false, 14],
    [65, 70, true, 9],
    [64, 69.9, false, 10],
    [54, 70, false, 2],
  ])(
    'ORAI of a woman of %d years and %d kg (oestrogen: %s) is %d',
    (ageYears, weightKg, usesOestrogen, score) => {
      const level = score >= 9 ? 'high' : 'low';
      expect(of('ORAI', { weightKg, usesOestrogen }, { ageYears })).toEqual([score, level]);
    },
  );

  it('OSIRIS truncates each of its terms', () => {
    expect(of('OSIRIS')).toEqual([11 - 15 - 2, 'high']);
    expect(of('OSIRIS', { hasPriorFracture: false })).toEqual([-4, 'high']);
    expect(of('OSIRIS', { hasPriorFracture: false, weightKg: 60 })).toEqual([-3, 'medium']);
    expect(of('OSIRIS', { hasPriorFracture: false, usesOestrogen: true, weightKg: 74 })).toEqual([
      1,
      'medium',
    ]);
    expect(of('OSIRIS', { hasPriorFracture: false, usesOestrogen: true, weightKg: 75 })).toEqual([2, 'low']);
  });

  it('are not known where a factor is not', () => {
    for (const index of ['OST', 'ORAI', 'OSIRIS'] as const) {
      expect(of(index, { weightKg: null })).toEqual([null, null]);
      expect(of(index, {}, { ageYears: null })).toEqual([null, null]);
    }
    expect(of('ORAI', { usesOestrogen: null })).toEqual([null, null]);
    expect(of('OSIRIS', { hasPriorFracture: null })).toEqual([null, null]);
    expect(of('OST', {}, { sex: null })).toEqual([-3, null]);
  });

  it('ORAI and OSIRIS are for women, ORAI from 45 years', () => {
    expect(of('ORAI', {}, { sex: 'M' })).toEqual([null, null]);
    expect(of('OSIRIS', {}, { sex: 'M' })).toEqual([null, null]);
    expect(of('ORAI', {}, { ageYears: 44 })).toEqual([null, null]);
  });

  it('never say less risk of somebody older and lighter', () => {
    const rank = ['low', 'medium', 'high'];
    fc.assert(
      fc.property(
        fc.integer({ min: 45, max: 95 }),
        fc.double({ min: 35, max: 130, noNaN: true }),
        (ageYears, weightKg) => {
          const one = riskIndicesOf({ ...FACTORS, weightKg }, { sex: 'F', ageYears });
          const other = riskIndicesOf(
            { ...FACTORS, weightKg: weightKg - 3 },
            { sex: 'F', ageYears: ageYears + 4 },
          );
          for (const [index, { level }] of one.entries()) {
            expect(rank.indexOf(other[index]!.level!)).toBeGreaterThanOrEqual(rank.indexOf(level!));
          }
        },
      ),
    );
  });
});
