/** The words of the overlay: what was measured on each side, what it means, what it is not. */
import type { AnalysisResult, ReportedSide } from '../exam/analysis.ts';
import type { Assessment } from '../exam/assessment.ts';
import { findingKindOf } from '../exam/finding-kind.ts';
import { worstVertebra } from '../exam/worst-vertebra.ts';
import { mmPerPxOf } from '../decide/referral-policy.ts';
import { reasonText, type TextInLanguages } from '../decide/reason-texts.ts';
import { gradeText } from './spine-labels.ts';

/** Burnt into every picture that this service draws. */
export const NOT_FOR_DIAGNOSIS = 'NOT FOR DIAGNOSIS - research use - finding for triage';

/** What a finding asks for, in a few words. */
export const ASSESSMENT_NAMES: Readonly<Record<Assessment, TextInLanguages>> = {
  treatment: { en: 'assessment of treatment', sv: 'ställningstagande till behandling' },
  frax: { en: 'FRAX', sv: 'FRAX' },
  dxa: { en: 'DXA', sv: 'DXA' },
};

/** The lines beside one side's measurement, the width first. */
export function sideLines(analysis: AnalysisResult, side: ReportedSide): string[] {
  const name = side.side === 'R' ? 'Right' : 'Left';
  if (!side.assessable || side.widthPx === null) {
    return [`${name}: not measured`, reasonText(side.reason ?? 'margin-unclear', 'en')];
  }
  const index = side.pmi === null ? [] : [`PMI ${side.pmi.toFixed(2)}`];
  return [`${name}: ${widthText(analysis, side, side.widthPx)}`, ...index];
}

/** The lines of the title block: outcome and scale. */
export function summaryLines(analysis: AnalysisResult): string[] {
  if (findingKindOf(analysis) === 'low-density') return [outcomeText(analysis), densityText(analysis)];
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

function outcomeText(analysis: AnalysisResult): string {
  switch (analysis.outcome) {
    case 'positive':
      return foundText(analysis);
    case 'negative':
      return notFoundText(analysis);
    case 'not-assessable':
      return 'Not assessable';
    case 'not-eligible':
      return 'Not assessed';
    case 'refused':
      return 'Not read';
  }
}

function foundText({ panoramic, spine, boneDensity }: AnalysisResult): string {
  const worst = spine === null ? null : worstVertebra(spine);
  if (spine !== null) {
    return `Signs of vertebral fracture${worst === null ? '' : `: ${worst.level} ${gradeText(worst)}`}`;
  }
  if (boneDensity !== null) return "Low bone density by this site's own model";
  // Without millimetres the index decided, and the title must not claim a width.
  return typeof panoramic?.meanWidthMm === 'number'
    ? 'Thin mandibular cortex'
    : 'Low panoramic mandibular index';
}

function notFoundText({ panoramic, spine, boneDensity }: AnalysisResult): string {
  if (spine !== null) {
    const none = (spine.worstGrade ?? 0) > 0 ? 'No deformity that counts here' : 'No vertebral deformity';
    return `${none} (does not rule out a fracture or low bone density)`;
  }
  const none =
    boneDensity !== null
      ? "No low bone density by this site's own model"
      : typeof panoramic?.meanWidthMm === 'number'
        ? 'No thin mandibular cortex'
        : 'No low panoramic mandibular index';
  return `${none} (does not rule out low bone density)`;
}

function densityText({ boneDensity, models }: AnalysisResult): string {
  const names = models.map(({ name, version }) => `${name} ${version}`).join(', ');
  if (boneDensity === null) return '';
  return `Score ${boneDensity.score.toFixed(2)}, limit ${boneDensity.limit.toFixed(2)}; model ${names}`;
}

function scaleText({ spacing, panoramic, spine }: AnalysisResult): string {
  const magnification = panoramic?.magnification ?? null;
  const lengths = spine === null ? 'widths' : 'heights';
  if (mmPerPxOf(spacing, magnification) === null) return `No scale known: ${lengths} in pixels of the image`;
  if (magnification !== null) return `Millimetres corrected for magnification ${magnification.toFixed(2)}`;
  if (spacing.source === 'calibrated') return 'Millimetres calibrated by the device';
  return 'Millimetres at detector scale, not corrected for magnification';
}
