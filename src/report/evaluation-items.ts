/** What a report says in words: the outcome, what is suggested, the reasons, what was not measured, what it is not. */
import { assessmentsOf } from '../decide/assessments.ts';
import { scaleText } from '../decide/cortex-words.ts';
import { DISCLAIMER, reasonText } from '../decide/reason-texts.ts';
import type { DicomDataset } from '../dicom/write-part10.ts';
import type { AnalysisResult } from '../exam/analysis.ts';
import type { Assessment } from '../exam/assessment.ts';
import { findingKindOf, type FindingKind } from '../exam/finding-kind.ts';
import { codedItem, textItem, type Code } from './content-item.ts';
import { isMeasured } from './panoramic-groups.ts';
import { ANSWERS, CONCEPTS } from './report-codes.ts';

const OUTCOMES: Readonly<Record<FindingKind, { readonly positive: Code; readonly negative: Code }>> = {
  'thin-cortex': { positive: ANSWERS.positive, negative: ANSWERS.negative },
  fracture: { positive: ANSWERS.positiveSpine, negative: ANSWERS.negativeSpine },
  'low-density': { positive: ANSWERS.positiveDensity, negative: ANSWERS.negativeDensity },
};

const ASSESSMENTS: Readonly<Record<Assessment, Code>> = {
  treatment: ANSWERS.treatment,
  frax: ANSWERS.frax,
  dxa: ANSWERS.dxa,
};

/** The items of the report's evaluation. */
export function evaluationItems(analysis: AnalysisResult): DicomDataset[] {
  const assessments = assessmentsOf(analysis);
  return [
    codedItem('CONTAINS', CONCEPTS.triageOutcome, outcomeCode(analysis)),
    ...assessments.map((assessment) =>
      codedItem('CONTAINS', CONCEPTS.assessmentSuggested, ASSESSMENTS[assessment]),
    ),
    ...evaluationTexts(analysis).map((text) => textItem('CONTAINS', CONCEPTS.comment, text)),
  ];
}

/** What is said in words: the reasons, what is suggested, what was not measured, and what this is not. */
export function evaluationTexts(analysis: AnalysisResult): readonly string[] {
  return [
    ...analysis.reasons.map(({ text }) => text),
    ...assessmentsOf(analysis).map((assessment) => reasonText(`asks-${assessment}`, 'en')),
    ...scaleTexts(analysis),
    ...unmeasuredTexts(analysis),
    DISCLAIMER.en,
  ];
}

/** The outcome as a concept. */
export function outcomeCode(analysis: AnalysisResult): Code {
  const { outcome } = analysis;
  if (outcome !== 'positive' && outcome !== 'negative') return ANSWERS.notAssessable;
  return OUTCOMES[findingKindOf(analysis) ?? 'thin-cortex'][outcome];
}

/** Whose word the correction of a panoramic film's millimetres is. */
function scaleTexts({ panoramic, spacing }: AnalysisResult): string[] {
  return panoramic?.deviceProfile == null ? [] : [`Millimetres ${scaleText(spacing, panoramic, 'en')}.`];
}

/** Sides without a group of their own; a vertebra that was not graded says so in its group. */
function unmeasuredTexts({ panoramic }: AnalysisResult): string[] {
  const unread = (panoramic?.sides ?? []).filter((side) => !isMeasured(side));
  return unread.map((side) => {
    const name = side.side === 'R' ? 'Right' : 'Left';
    return `${name} side not measured. ${reasonText(side.reason ?? 'margin-unclear', 'en')}`;
  });
}
