/** What was measured before a person set points, in words: for reports, pictures and pages. Pure. */
import type { AnalysisResult, Side, VertebraFinding } from '../exam/analysis.ts';
import { largestLossPercent } from '../exam/worst-vertebra.ts';
import { widthText } from './cortex-words.ts';
import { reasonText, type Language } from './reason-texts.ts';

const TEXTS = {
  notMeasured: { en: 'not measured', sv: 'ej mätt' },
  notGraded: { en: 'not graded', sv: 'ej graderad' },
  grade: {
    en: 'grade {grade}, {loss} % of the height lost',
    sv: 'grad {grade}, {loss} % av höjden förlorad',
  },
} as const;

/** The width of a side as it was measured; null where nobody corrected that side. */
export function measuredSideText(
  { correction }: Pick<AnalysisResult, 'correction'>,
  name: Side,
  language: Language,
): string | null {
  if (correction?.sides.includes(name) !== true) return null;
  const side = correction.measured.panoramic?.sides.find((each) => each.side === name);
  const width = side === undefined ? null : widthText(side, language);
  if (width !== null) return width;
  const why = side?.reason ?? null;
  return why === null ? TEXTS.notMeasured[language] : withoutStop(reasonText(why, language));
}

/** The name and grade of a vertebra as it was measured; null where nobody corrected it. */
export function measuredVertebraText(
  { correction, spine }: Pick<AnalysisResult, 'correction' | 'spine'>,
  { level }: Pick<VertebraFinding, 'level'>,
  language: Language,
): string | null {
  if (correction?.levels.includes(level) !== true) return null;
  // Bodies are neither added nor taken away by a correction: they stand in the same order.
  const at = spine?.vertebrae.findIndex((each) => each.level === level) ?? -1;
  const measured = correction.measured.spine?.vertebrae[at];
  if (measured === undefined) return TEXTS.notMeasured[language];
  const loss = largestLossPercent(measured);
  const grade = measured.genantGrade;
  const words =
    grade === null || loss === null
      ? TEXTS.notGraded[language]
      : TEXTS.grade[language].replace('{grade}', String(grade)).replace('{loss}', loss.toFixed(0));
  return measured.level === level ? words : `${measured.level}, ${words}`;
}

function withoutStop(text: string): string {
  return text.replace(/\.$/, '');
}
