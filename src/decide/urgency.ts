import type { GenantGrade } from '../exam/analysis.ts';
import type { FindingKind } from '../exam/finding-kind.ts';

/** What a referral is judged by: the film that speaks most clearly, and the person. */
export interface UrgencySource {
  /** null: none of its films is a finding any longer. */
  readonly kind: FindingKind | null;
  readonly grade: GenantGrade | null;
  /** 0 to 1; a site's own model may give another, which is cut to that. */
  readonly sortingScore: number | null;
  readonly ageYears: number | null;
  readonly asksTreatment: boolean;
}

/** Least urgency of each kind: a fracture comes before a thin cortex whatever else is said, as in `compareFindings`. */
const LEAST: Readonly<Record<FindingKind, number>> = {
  fracture: 600,
  'thin-cortex': 300,
  'low-density': 100,
};
const MOST: Readonly<Record<FindingKind, number>> = {
  fracture: 1000,
  'thin-cortex': 599,
  'low-density': 299,
};

/** What counts within a kind; together 1. */
const WEIGHT = { grade: 0.5, score: 0.25, age: 0.15, treatment: 0.1 } as const;
/** The risk of a fracture grows from here to there; what is beyond counts as the end. */
const AGE_YEARS = { from: 50, to: 90 } as const;
/** An age that nobody knows must not sink a person below all others. */
const AGE_SHARE_UNKNOWN = 0.5;

/**
 * How soon a referral should be looked at, 0 to 1000 and higher first; a sorting aid, no measure of risk. Nothing that
 * gets worse (kind, grade, score, age, a treatment that is asked for) ever makes it lower.
 */
export function urgencyOf({ kind, grade, sortingScore, ageYears, asksTreatment }: UrgencySource): number {
  if (kind === null) return 0;
  const ageShare =
    ageYears === null
      ? AGE_SHARE_UNKNOWN
      : clamp((ageYears - AGE_YEARS.from) / (AGE_YEARS.to - AGE_YEARS.from));
  const share =
    WEIGHT.grade * ((grade ?? 0) / 3) +
    WEIGHT.score * clamp(sortingScore ?? 0) +
    WEIGHT.age * ageShare +
    WEIGHT.treatment * (asksTreatment ? 1 : 0);
  return Math.round(LEAST[kind] + (MOST[kind] - LEAST[kind]) * share);
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
