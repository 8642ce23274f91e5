/** What follows from the score of a site's own model of low bone density. Pure. */
import type { BoneDensityFinding, Outcome } from '../exam/analysis.ts';
import { reasonOf, type ReasonInWords } from './reason-texts.ts';

/** A score with what its manifest says of it. */
export interface DensityScore {
  /** Name and version, as a person would quote them. */
  readonly model: string;
  readonly score: number;
  readonly limit: number;
  /** On which side of the limit bone density is low. */
  readonly lowWhen: 'above' | 'below';
}

/** What follows from a score. */
export interface DensityDecision {
  readonly outcome: Extract<Outcome, 'positive' | 'negative'>;
  readonly reason: ReasonInWords;
  readonly finding: BoneDensityFinding;
}

/** Positive strictly beyond the limit of the manifest; the words name the model and claim nothing for it. */
export function decideDensity({ model, score, limit, lowWhen }: DensityScore): DensityDecision {
  const isLow = lowWhen === 'above' ? score > limit : score < limit;
  const code = isLow ? 'density-low-by-site-model' : 'density-not-low-by-site-model';
  return {
    outcome: isLow ? 'positive' : 'negative',
    reason: reasonOf(code, { model, score, limit }),
    finding: { score, limit, isLow },
  };
}
