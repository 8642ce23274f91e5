import type { Language } from '../../decide/reason-texts.ts';
import type { AnalysisResult, Spacing } from '../../exam/analysis.ts';
import { isScaleCorrected } from '../../exam/device-profile.ts';
import { mmPerPxOf } from '../../decide/referral-policy.ts';
import { numberOf } from '../display.ts';
import { useLanguage } from '../language.tsx';
import { VIEWER_WORDS, type ViewerWords } from '../viewer-words.ts';
import { fillWords } from '../words.ts';
import type { PointName } from './correction-draft.ts';

/** The viewer's words in the chosen language. */
export function useViewerWords(): { readonly language: Language; readonly said: ViewerWords } {
  const { language } = useLanguage();
  return { language, said: VIEWER_WORDS[language] };
}

/** A length on a film in words: millimetres where the scale is known, and what they are. */
export function lengthText(
  lengthPx: number,
  scale: { readonly spacing: Spacing; readonly magnification: number | null },
  { language, said }: { readonly language: Language; readonly said: ViewerWords },
): string {
  const { spacing, magnification } = scale;
  const mmPerPx = mmPerPxOf(spacing, magnification);
  if (mmPerPx === null) return fillWords(said.lengthPixels, { n: numberOf(lengthPx, 0, language) });
  const n = numberOf(lengthPx * mmPerPx, 2, language);
  if (!isScaleCorrected(spacing, magnification)) return fillWords(said.lengthDetector, { n });
  const isCalibrated = spacing.source === 'calibrated' && magnification === null;
  return fillWords(isCalibrated ? said.lengthCalibrated : said.lengthCorrected, { n });
}

/** What a point is called. */
export function pointText(name: PointName, levels: readonly string[], said: ViewerWords): string {
  const of = 'side' in name ? name.side : (levels[name.body] ?? '');
  return fillWords(said.pointOf, { name: said[`point-${name.point}`], of });
}

/** The scale of a film: the result's, or what its file states where nothing was measured. */
export function scaleOf(analysis: AnalysisResult | null, spacing: Spacing) {
  const known = analysis !== null && analysis.spacing.source !== 'none' ? analysis.spacing : spacing;
  return { spacing: known, magnification: analysis?.panoramic?.magnification ?? null };
}
