/** The words of the overlay: what was measured on each side, what it means, what it is not. */
import type { AnalysisResult, ReportedSide, Spacing } from '../exam/analysis.ts';
import type { Assessment } from '../exam/assessment.ts';
import { findingKindOf } from '../exam/finding-kind.ts';
import { worstVertebra } from '../exam/worst-vertebra.ts';
import {
  besideText,
  classText,
  decidingSign,
  foramenStanding,
  foramenText,
  rivalText,
  scaleText,
  widthText,
} from '../decide/cortex-words.ts';
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

/** The title by the sign that decided: it must not claim a width where the index or the class did. */
const CORTEX_SIGNS = {
  width: { found: 'Thin mandibular cortex', none: 'No thin mandibular cortex' },
  pmi: { found: 'Low panoramic mandibular index', none: 'No low panoramic mandibular index' },
  class: { found: 'Porous mandibular cortex', none: 'No porous mandibular cortex' },
} as const;

/** What is said of one side: its first line the width, and why there is none. */
export interface SideWords {
  readonly width: string;
  readonly pmi: string | null;
  /** Klemetti's class. */
  readonly index: string | null;
  /** The width by the other margin, where two are near. */
  readonly rival: string | null;
  /** Widths beside the foramen, and how surely that was found where it was not plainly. */
  readonly beside: string | null;
}

/** One side in words. */
export function sideWords(side: ReportedSide): SideWords {
  const name = side.side === 'R' ? 'Right' : 'Left';
  const width = widthText(side, 'en');
  if (width === null) {
    const why = reasonText(side.reason ?? 'margin-unclear', 'en');
    return { width: `${name}: not measured`, pmi: null, index: why, rival: null, beside: null };
  }
  const foramen = foramenStanding(side) === 'found' ? null : foramenText(side, 'en');
  const besides = [besideText(side, 'en'), foramen].filter((text) => text !== null);
  return {
    width: `${name}: ${width}`,
    pmi: side.pmi === null ? null : `PMI ${side.pmi.toFixed(2)}`,
    index: side.mci === null ? null : classText(side.mci, 'en'),
    rival: rivalText(side, 'en'),
    beside: besides.length === 0 ? null : besides.join('; '),
  };
}

/** The width of a side alone, for beside its place. */
export function shortWidth({ widthMm, widthPx }: ReportedSide): string {
  return widthMm === null ? `${(widthPx ?? 0).toFixed(0)} px` : `${widthMm.toFixed(1)} mm`;
}

/** The same line by line, the width first. */
export function sideLines(side: ReportedSide): string[] {
  const { width, pmi, index, rival, beside } = sideWords(side);
  return [width, pmi, index, rival, beside].filter((line) => line !== null);
}

/** The lines of the title block: outcome and scale. */
export function summaryLines(analysis: AnalysisResult): string[] {
  return [...measuredLines(analysis), ...correctionLines(analysis)];
}

/** Whose points they are, where they are a person's. */
function correctionLines({ correction }: AnalysisResult): string[] {
  if (correction === undefined) return [];
  const { sides, levels, by } = correction;
  return [`Points set by a person (${by.role}): ${[...sides, ...levels].join(', ')}`];
}

function measuredLines(analysis: AnalysisResult): string[] {
  if (findingKindOf(analysis) === 'low-density') return [outcomeText(analysis), densityText(analysis)];
  const { panoramic, spacing } = analysis;
  if (panoramic === null) return [outcomeText(analysis), lateralScaleText(spacing)];
  const mean = panoramic.meanWidthMm;
  const meanText = mean === null ? '' : `mean cortical width ${mean.toFixed(2)} mm, `;
  return [outcomeText(analysis), capitalised(`${meanText}${scaleText(spacing, panoramic, 'en')}`)];
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

function foundText(analysis: AnalysisResult): string {
  const { spine, boneDensity } = analysis;
  const worst = spine === null ? null : worstVertebra(spine);
  if (spine !== null) {
    return `Signs of vertebral fracture${worst === null ? '' : `: ${worst.level} ${gradeText(worst)}`}`;
  }
  if (boneDensity !== null) return "Low bone density by this site's own model";
  return CORTEX_SIGNS[decidingSign(analysis) ?? 'width'].found;
}

function notFoundText(analysis: AnalysisResult): string {
  const { spine, boneDensity } = analysis;
  if (spine !== null) {
    const none = (spine.worstGrade ?? 0) > 0 ? 'No deformity that counts here' : 'No vertebral deformity';
    return `${none} (does not rule out a fracture or low bone density)`;
  }
  const none =
    boneDensity !== null
      ? "No low bone density by this site's own model"
      : CORTEX_SIGNS[decidingSign(analysis) ?? 'width'].none;
  return `${none} (does not rule out low bone density)`;
}

function densityText({ boneDensity, models }: AnalysisResult): string {
  const names = models.map(({ name, version }) => `${name} ${version}`).join(', ');
  if (boneDensity === null) return '';
  return `Score ${boneDensity.score.toFixed(2)}, limit ${boneDensity.limit.toFixed(2)}; model ${names}`;
}

function lateralScaleText(spacing: Spacing): string {
  if (mmPerPxOf(spacing, null) === null) return 'No scale known: heights in pixels of the image';
  if (spacing.source === 'calibrated') return 'Millimetres calibrated by the device';
  return 'Millimetres at detector scale, not corrected for magnification';
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
