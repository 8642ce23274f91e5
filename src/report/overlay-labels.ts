/** The words of the overlay: what was measured on each side, what it means, what it is not. */
import type { AnalysisResult, ReportedSide } from '../exam/analysis.ts';
import { mmPerPxOf } from '../decide/referral-policy.ts';
import { reasonText } from '../decide/reason-texts.ts';

/** Burnt into every picture that this service draws. */
export const NOT_FOR_DIAGNOSIS = 'NOT FOR DIAGNOSIS - research use - finding for triage';

/** The lines beside one side's measurement, the width first. */
export function sideLines(analysis: AnalysisResult, side: ReportedSide): string[] {
  const name = side.side === 'R' ? 'Right' : 'Left';
  if (!side.assessable || side.widthPx === null) {
    return [`${name}: not measured`, reasonText(side.reason ?? 'margin-unclear', 'en')];
  }
  const index = side.pmi === null ? [] : [`PMI ${side.pmi.toFixed(2)}`];
  return [`${name}: ${widthText(analysis, side, side.widthPx)}`, ...index];
}

/** The lines of the title block: outcome, mean, scale and the warning. */
export function summaryLines(analysis: AnalysisResult): string[] {
  const { panoramic } = analysis;
  const mean = panoramic?.meanWidthMm ?? null;
  const meanText = mean === null ? '' : `, mean cortical width ${mean.toFixed(2)} mm`;
  return [`${outcomeText(analysis)}${meanText}`, scaleText(analysis)];
}

function widthText(analysis: AnalysisResult, side: ReportedSide, widthPx: number): string {
  const scale = mmPerPxOf(analysis.spacing, analysis.panoramic?.magnification ?? null);
  const error = side.uncertaintyPx;
  if (side.widthMm === null || scale === null) {
    return `${widthPx.toFixed(1)}${error === null ? '' : ` ± ${error.toFixed(1)}`} pixels`;
  }
  return `${side.widthMm.toFixed(2)}${error === null ? '' : ` ± ${(error * scale).toFixed(2)}`} mm`;
}

function outcomeText({ outcome, panoramic }: AnalysisResult): string {
  // Without millimetres the index decided, and the title must not claim a width.
  const byWidth = typeof panoramic?.meanWidthMm === 'number';
  switch (outcome) {
    case 'positive':
      return byWidth ? 'Thin mandibular cortex' : 'Low panoramic mandibular index';
    case 'negative':
      return `${byWidth ? 'No thin mandibular cortex' : 'No low panoramic mandibular index'} (does not rule out low bone density)`;
    case 'not-assessable':
      return 'Not assessable';
    case 'not-eligible':
      return 'Not assessed';
    case 'refused':
      return 'Not read';
  }
}

function scaleText({ spacing, panoramic }: AnalysisResult): string {
  const magnification = panoramic?.magnification ?? null;
  if (mmPerPxOf(spacing, magnification) === null) return 'No scale known: widths in pixels of the image';
  if (magnification !== null) return `Millimetres corrected for magnification ${magnification.toFixed(2)}`;
  if (spacing.source === 'calibrated') return 'Millimetres calibrated by the device';
  return 'Millimetres at detector scale, not corrected for magnification';
}
