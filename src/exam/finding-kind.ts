import type { AnalysisResult } from './analysis.ts';

/**
 * What a film was looked at for, the most pressing first: fractured vertebrae, a thin mandibular cortex, or what a
 * site's own model says of bone density.
 */
export const FINDING_KINDS = ['fracture', 'thin-cortex', 'low-density'] as const;

/** One of the kinds. */
export type FindingKind = (typeof FINDING_KINDS)[number];

type Findings = Pick<AnalysisResult, 'panoramic' | 'spine' | 'boneDensity'>;

/** What the outcome of a film is about; null where nothing was measured. A film has one view, and so one kind. */
export function findingKindOf({ panoramic, spine, boneDensity }: Findings): FindingKind | null {
  if (spine !== null) return 'fracture';
  if (panoramic !== null) return 'thin-cortex';
  return boneDensity === null ? null : 'low-density';
}

/** The score that sorts findings of one kind, highest first; scores of different kinds are not comparable. */
export function sortingScoreOf({ panoramic, spine, boneDensity }: Findings): number | null {
  return spine?.fractureScore ?? panoramic?.lowBoneDensityScore ?? boneDensity?.score ?? null;
}

/** Order of two findings, the more pressing first: a fracture before a thin cortex whatever their scores, then by score. */
export function compareFindings(a: SortedFinding, b: SortedFinding): number {
  const rank = ({ kind }: SortedFinding) =>
    kind === null ? FINDING_KINDS.length : FINDING_KINDS.indexOf(kind);
  return rank(a) - rank(b) || (b.sortingScore ?? -1) - (a.sortingScore ?? -1);
}

/** What findings are sorted by. */
export interface SortedFinding {
  readonly kind: FindingKind | null;
  readonly sortingScore: number | null;
}
