/** The few figures of a finding that a list shows beside its name: they are kept apart, since an analysis is long. */
import type { AnalysisResult, Deformity, GenantGrade } from './analysis.ts';
import { isScaleCorrected } from './device-profile.ts';
import { largestLossPercent, worstVertebra } from './worst-vertebra.ts';

/** What a row says of a film that was measured. */
export interface FindingFigures {
  /** Of both sides; null without a known scale. */
  readonly meanWidthMm: number | null;
  /** Whether meanWidthMm is corrected for magnification, by the film's own word or by the site's; null without it. */
  readonly widthScale: 'corrected' | 'detector' | null;
  /** The vertebra of the highest grade; null where the finding is another. */
  readonly vertebra: WorstVertebra | null;
}

/** The vertebra that a row speaks of. */
export interface WorstVertebra {
  readonly level: string;
  readonly genantGrade: GenantGrade;
  readonly deformity: Deformity;
  /** The largest of its losses of height. */
  readonly lossPercent: number | null;
}

/** Where nothing was measured. */
export const NO_FIGURES: FindingFigures = { meanWidthMm: null, widthScale: null, vertebra: null };

/** The figures of an analysis. */
export function figuresOf({ panoramic, spine, spacing }: AnalysisResult): FindingFigures {
  const meanWidthMm = panoramic?.meanWidthMm ?? null;
  const isCorrected = isScaleCorrected(spacing, panoramic?.magnification ?? null);
  const worst = spine === null ? null : worstVertebra(spine);
  return {
    meanWidthMm,
    widthScale: meanWidthMm === null ? null : isCorrected ? 'corrected' : 'detector',
    vertebra: worst && {
      ...{ level: worst.level, genantGrade: worst.genantGrade, deformity: worst.deformity },
      lossPercent: largestLossPercent(worst),
    },
  };
}
