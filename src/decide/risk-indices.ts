/** Published indices that say from few questions whether a DXA is worth while. Each has its source; none is FRAX. */
import type { RiskFactors } from '../exam/risk-factors.ts';

/** One index; both null where a factor that it needs is not known, or where it is not meant for this person. */
export interface RiskIndex {
  readonly index: 'OST' | 'ORAI' | 'OSIRIS';
  readonly score: number | null;
  readonly level: 'low' | 'medium' | 'high' | null;
}

/** Whom the indices are computed for. */
export interface RiskSubject {
  readonly ageYears: number | null;
  /** As DICOM writes it: F, M, O. */
  readonly sex: string | null;
}

type Factors = Pick<RiskFactors, 'weightKg' | 'usesOestrogen' | 'hasPriorFracture'>;

/** The three indices for a person. */
export function riskIndicesOf(factors: Factors, subject: RiskSubject): readonly RiskIndex[] {
  return [
    { index: 'OST', ...ostOf(factors, subject) },
    { index: 'ORAI', ...oraiOf(factors, subject) },
    { index: 'OSIRIS', ...osirisOf(factors, subject) },
  ];
}

type Result = Pick<RiskIndex, 'score' | 'level'>;
const UNKNOWN: Result = { score: null, level: null };

/**
 * OST = 0.2 x (weight kg - age years), truncated toward zero. Women below 2 and men below 4 are at raised risk, which is
 * high where OSTA (Koh 2001) calls it so, too: below -4.
 */
function ostOf({ weightKg }: Factors, { ageYears, sex }: RiskSubject): Result {
  if (weightKg === null || ageYears === null) return UNKNOWN;
  const score = fifthOf(weightKg - ageYears);
  const lowFrom = sex === 'F' ? 2 : sex === 'M' ? 4 : null;
  if (lowFrom === null) return { score, level: null };
  if (score >= lowFrom) return { score, level: 'low' };
  return { score, level: score < -4 ? 'high' : 'medium' };
}

/** ORAI (Cadarette 2000, CMAJ 162:1289), for women from 45 years: 9 or more asks for a DXA, which is shown as high. */
function oraiOf({ weightKg, usesOestrogen }: Factors, { ageYears, sex }: RiskSubject): Result {
  if (sex !== 'F' || weightKg === null || ageYears === null || ageYears < 45 || usesOestrogen === null) {
    return UNKNOWN;
  }
  const ofAge = ageYears >= 75 ? 15 : ageYears >= 65 ? 9 : ageYears >= 55 ? 5 : 0;
  const ofWeight = weightKg < 60 ? 9 : weightKg < 70 ? 3 : 0;
  const score = ofAge + ofWeight + (usesOestrogen ? 0 : 2);
  return { score, level: score >= 9 ? 'high' : 'low' };
}

/** OSIRIS (Sedrine 2002), for women: each term truncated; above 1 low, -3 to 1 medium, below -3 high. */
function osirisOf(
  { weightKg, usesOestrogen, hasPriorFracture }: Factors,
  { ageYears, sex }: RiskSubject,
): Result {
  if (sex !== 'F' || weightKg === null || ageYears === null) return UNKNOWN;
  if (usesOestrogen === null || hasPriorFracture === null) return UNKNOWN;
  const score = fifthOf(weightKg) - fifthOf(ageYears) + (usesOestrogen ? 2 : 0) - (hasPriorFracture ? 2 : 0);
  return { score, level: score > 1 ? 'low' : score >= -3 ? 'medium' : 'high' };
}

/** 0.2 times a number, truncated toward zero; the division is exact where the result is whole. */
function fifthOf(number: number): number {
  // Adding 0 turns -0 into 0.
  return Math.trunc(number / 5) + 0;
}
