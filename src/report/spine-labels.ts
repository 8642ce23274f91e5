/** What is written of vertebrae on pictures: the grade in words, heights, losses with their errors. */
import { reasonText } from '../decide/reason-texts.ts';
import { mmPerPxOf } from '../decide/referral-policy.ts';
import type { Deformity, HeightLossPercent, Spacing, VertebraFinding } from '../exam/analysis.ts';
import { isGraded, largestLossPercent, type GradedVertebra } from '../exam/worst-vertebra.ts';

const DEFORMITIES: Readonly<Record<Deformity, string>> = {
  none: 'no deformity',
  wedge: 'wedge',
  biconcave: 'biconcave',
  crush: 'crush',
};

/** Reasons so short that they fit beside a body; the whole text stands in the report. */
const SHORT_REASONS: Readonly<Record<string, string>> = {
  'body-unclear': 'unclear',
  'cut-off': 'cut off',
  'point-uncertain': 'corner unclear',
};

/** What stands beside a body on the film: its level, and its grade where it has lost height. */
export function bodyLabel(vertebra: VertebraFinding): string {
  const { level, reason } = vertebra;
  if (!isGraded(vertebra)) return `${level} ${SHORT_REASONS[reason ?? ''] ?? 'not graded'}`;
  return vertebra.genantGrade === 0 ? level : `${level} ${gradeText(vertebra)}`;
}

/** The grade and its type. */
export function gradeText({ genantGrade, deformity }: GradedVertebra): string {
  return genantGrade === 0 ? 'grade 0' : `grade ${genantGrade} ${DEFORMITIES[deformity]}`;
}

/** A vertebra in one line: its grade with the loss that gave it, or why it has none. */
export function vertebraLine(vertebra: VertebraFinding): string {
  const { level, reason, lossErrorPercent } = vertebra;
  if (!isGraded(vertebra)) {
    return reason === null ? `${level}: not graded` : reasonText(reason, 'en', { level });
  }
  const loss = largestLossPercent(vertebra);
  const { deformity } = vertebra;
  const error = deformity === 'none' ? null : (lossErrorPercent?.[deformity] ?? null);
  const lost = loss === null || deformity === 'none' ? '' : `, ${lossText(loss, error)} lost`;
  return `${level}: ${gradeText(vertebra)}${lost}`;
}

/** Heights and losses of one vertebra, line by line. */
export function vertebraLines(vertebra: GradedVertebra, spacing: Spacing): string[] {
  const { heightsPx, lossPercent, lossErrorPercent, remarks, level } = vertebra;
  const mmPerPx = mmPerPxOf(spacing, null);
  const unit = mmPerPx === null ? 'pixels' : 'mm';
  const height = (valuePx: number) => (valuePx * (mmPerPx ?? 1)).toFixed(1);
  const loss = (name: keyof HeightLossPercent): string => {
    const percent = lossPercent?.[name] ?? null;
    return percent === null ? '-' : lossText(percent, lossErrorPercent?.[name] ?? null);
  };
  return [
    ...(heightsPx === null
      ? []
      : [
          `Height in front ${height(heightsPx.anterior)}, in the middle ${height(heightsPx.middle)}, behind ${height(heightsPx.posterior)} ${unit}`,
        ]),
    `Loss: wedge ${loss('wedge')}`,
    `Loss: biconcave ${loss('biconcave')}`,
    `Loss: crush ${loss('crush')}`,
    ...remarks.map((code) => reasonText(code, 'en', { level })),
  ];
}

/** A loss with one standard error; whole points, for nobody measures finer (clinical-rules). */
function lossText(percent: number, error: number | null): string {
  return `${percent.toFixed(0)}${error === null ? '' : ` ± ${error.toFixed(0)}`} %`;
}
