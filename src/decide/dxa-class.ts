import type { TScores } from '../exam/t-scores.ts';

/** WHO/ISCD class of bone density. */
export type DensityClass = 'normal' | 'osteopenia' | 'osteoporosis';

const OSTEOPENIA_BELOW = -1;
const OSTEOPOROSIS_AT_MOST = -2.5;
/** The classes are defined for postmenopausal women and men from this age; menopause is not known here. */
const AGE_YEARS_MIN = 50;

/**
 * The class of the lowest T-score: T >= -1.0 normal, -1.0 > T > -2.5 osteopenia, T <= -2.5 osteoporosis. null for
 * people it is not defined for: below 50 years, or of unknown age; and where nothing was measured.
 */
export function densityClassOf(tScores: TScores, ageYears: number | null): DensityClass | null {
  const lowest = lowestTScore(tScores);
  if (lowest === null || ageYears === null || ageYears < AGE_YEARS_MIN) return null;
  if (lowest <= OSTEOPOROSIS_AT_MOST) return 'osteoporosis';
  return lowest < OSTEOPENIA_BELOW ? 'osteopenia' : 'normal';
}

/** The lowest of lumbar spine, femoral neck and total hip; null where none was measured. */
export function lowestTScore({ lumbarSpine, femoralNeck, totalHip }: TScores): number | null {
  const measured = [lumbarSpine, femoralNeck, totalHip].filter((score) => score !== null);
  return measured.length === 0 ? null : Math.min(...measured);
}
