/** What follows from the graded vertebrae of a film. Pure; the same input, the same words. */
import type { GenantGrade, Outcome, SpineFinding, VertebraFinding } from '../exam/analysis.ts';
import { countedLosses, gradeOfLoss, type CountedLoss } from '../exam/vertebral-deformity.ts';
import { isReasonCode, reasonOf, type ReasonCode, type ReasonInWords } from './reason-texts.ts';

/** The limits of a site for vertebral deformities. */
export interface FracturePolicy {
  /** The grade of Genant from which a deformity is a finding. */
  readonly gradeMin: 1 | 2 | 3;
  /** The loss must reach that grade even when this many standard errors are taken off. */
  readonly standardErrorsMin: number;
}

/**
 * The policy where a site sets none. Mild deformities are where readers differ most (their ratios of heights vary by
 * 4.5 points, clinical-rules), so a site that has not validated its films begins at the moderate ones.
 */
export const DEFAULT_FRACTURE_POLICY: FracturePolicy = { gradeMin: 2, standardErrorsMin: 1 };

/** What follows from a lateral film. */
export interface FractureDecision {
  readonly outcome: Extract<Outcome, 'positive' | 'negative' | 'not-assessable'>;
  /** The deciding reason first. */
  readonly reasons: readonly ReasonInWords[];
  /** Of the graded vertebrae; null where none was graded. */
  readonly worstGrade: GenantGrade | null;
  /** Monotone in the largest loss less its standard error, 0 to 1; not a probability. Null where none was graded. */
  readonly fractureScore: number | null;
}

/**
 * A negative needs three graded bodies: with fewer the heights have no neighbours on both sides to be compared with,
 * and too little of the spine is seen to say that nothing was. A positive stands by itself.
 */
const GRADED_BODIES_MIN = 3;
/** The score is one half where the loss less its error is at the limit of grade 1; spread: between readers. */
const SCORE_MIDDLE_PERCENT = 20;
const SCORE_SPREAD_POINTS = 4.5;

interface GradedVertebra {
  readonly vertebra: VertebraFinding;
  readonly grade: GenantGrade;
  readonly loss: CountedLoss;
  readonly stands: boolean;
}

/** Decides from the measured vertebrae whether the film speaks for a vertebral fracture. */
export function decideFracture(
  { vertebrae }: Pick<SpineFinding, 'vertebrae'>,
  policy: FracturePolicy = DEFAULT_FRACTURE_POLICY,
): FractureDecision {
  const graded = vertebrae.flatMap((vertebra) => gradedVertebra(vertebra, policy));
  const deformed = graded
    .filter(({ grade }) => grade > 0)
    .sort((a, b) => Number(b.stands) - Number(a.stands) || b.loss.lossPercent - a.loss.lossPercent);
  const isPositive = deformed.some(({ stands }) => stands);
  const isSeen = graded.length >= GRADED_BODIES_MIN;
  const isWhole = !vertebrae.some(isDoubtful);
  const told = deformed.flatMap((each) => deformityReasons(each, policy));
  const ending = isPositive
    ? []
    : !isSeen
      ? [tooFew(graded.length)]
      : [isWhole ? negativeReason(graded, deformed, policy) : reasonOf('not-every-vertebra-seen')];
  const scores = graded.map(({ loss }) => scoreOf(loss));
  return {
    outcome: isPositive ? 'positive' : isSeen && isWhole ? 'negative' : 'not-assessable',
    reasons: [...ending, ...told, ...notesOf(vertebrae)],
    worstGrade: graded.length === 0 ? null : greatest(graded.map(({ grade }) => grade)),
    fractureScore: scores.length === 0 ? null : Math.max(...scores),
  };
}

/** A vertebra that is missed among its neighbours, or hardly one, may be the very one that is crushed. */
function isDoubtful({ reason, remarks }: VertebraFinding): boolean {
  return reason === 'body-unclear' || remarks.some((remark) => DOUBTS.includes(remark));
}

const DOUBTS: readonly string[] = ['vertebra-missed-below', 'low-and-not-graded'];

function gradedVertebra(vertebra: VertebraFinding, policy: FracturePolicy): GradedVertebra[] {
  const [loss] = countedLosses(vertebra);
  const { genantGrade: grade, remarks } = vertebra;
  if (grade === null || loss === undefined) return [];
  const sureLoss = loss.lossPercent - policy.standardErrorsMin * loss.errorPercent;
  // What is usual at its level is told, and is no finding.
  const isUsual = remarks.includes('short-anterior-height-normal');
  return [{ vertebra, grade, loss, stands: !isUsual && gradeOfLoss(sureLoss) >= policy.gradeMin }];
}

function deformityReasons(
  { vertebra, grade, loss, stands }: GradedVertebra,
  { gradeMin }: FracturePolicy,
): ReasonInWords[] {
  const { level, remarks } = vertebra;
  const severity = ['none', 'mild', 'moderate', 'severe'][grade] ?? 'none';
  const code = `vertebra-${loss.deformity}-${severity}`;
  if (!isReasonCode(code)) return [];
  const { lossPercent, errorPercent } = loss;
  const finding = reasonOf(code, { level, lossPercent, errorPercent });
  if (stands) return [finding];
  const why: ReasonCode = remarks.includes('short-anterior-height-normal')
    ? 'short-anterior-height-normal'
    : grade < gradeMin
      ? 'grade-below-policy'
      : 'grade-within-error';
  return [finding, reasonOf(why, { level, grade, gradeMin })];
}

function negativeReason(
  graded: readonly GradedVertebra[],
  deformed: readonly GradedVertebra[],
  { gradeMin }: FracturePolicy,
): ReasonInWords {
  const vertebrae = graded.length;
  return deformed.length === 0
    ? reasonOf('no-vertebral-deformity', { vertebrae })
    : reasonOf('vertebral-deformity-not-counted', { vertebrae, gradeMin });
}

function tooFew(vertebrae: number): ReasonInWords {
  return reasonOf('too-few-vertebrae', { vertebrae, vertebraeMin: GRADED_BODIES_MIN });
}

/** Why bodies are not graded and what a reader should know of those that are, each once with the levels it is about. */
function notesOf(vertebrae: readonly VertebraFinding[]): ReasonInWords[] {
  const levelsOf = new Map<ReasonCode, string[]>();
  for (const { level, reason, remarks } of vertebrae) {
    // What explains a deformity stands beside it.
    const codes = [...(reason === null ? [] : [reason]), ...remarks].filter(
      (code) => !TOLD_ELSEWHERE.includes(code),
    );
    for (const code of codes) {
      if (isReasonCode(code)) levelsOf.set(code, [...(levelsOf.get(code) ?? []), level]);
    }
  }
  const notes = [...levelsOf].map(([code, levels]) => reasonOf(code, { level: levels.join(', ') }));
  const isRelative = vertebrae.some(({ levelConfidence }) => levelConfidence === null);
  return isRelative ? [...notes, reasonOf('levels-relative')] : notes;
}

const TOLD_ELSEWHERE: readonly string[] = ['short-anterior-height-normal'];

function scoreOf({ lossPercent, errorPercent }: CountedLoss): number {
  const beyond = lossPercent - errorPercent - SCORE_MIDDLE_PERCENT;
  return 1 / (1 + Math.exp(-beyond / SCORE_SPREAD_POINTS));
}

function greatest(grades: readonly GenantGrade[]): GenantGrade {
  return grades.reduce((worst, grade) => (grade > worst ? grade : worst), 0);
}
