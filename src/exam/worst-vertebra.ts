import type { Deformity, GenantGrade, HeightLossPercent, SpineFinding, VertebraFinding } from './analysis.ts';

/** A vertebra with all that grading gives. */
export type GradedVertebra = VertebraFinding & {
  readonly heightsPx: NonNullable<VertebraFinding['heightsPx']>;
  readonly lossPercent: HeightLossPercent;
  readonly genantGrade: GenantGrade;
  readonly deformity: Deformity;
};

/** Whether a vertebra was graded. */
export function isGraded(vertebra: VertebraFinding): vertebra is GradedVertebra {
  const { assessable, heightsPx, lossPercent, genantGrade, deformity } = vertebra;
  return (
    assessable && heightsPx !== null && lossPercent !== null && genantGrade !== null && deformity !== null
  );
}

/** The largest of a vertebra's losses, percent: the one that its grade is of. */
export function largestLossPercent({ wedge, biconcave, crush }: HeightLossPercent): number {
  return Math.max(wedge, biconcave, crush ?? -Infinity);
}

/** The vertebra of the highest grade, of equals that with the largest loss; null where none was graded. */
export function worstVertebra({ vertebrae }: Pick<SpineFinding, 'vertebrae'>): GradedVertebra | null {
  const order = (a: GradedVertebra, b: GradedVertebra) =>
    b.genantGrade - a.genantGrade || largestLossPercent(b.lossPercent) - largestLossPercent(a.lossPercent);
  return vertebrae.filter(isGraded).toSorted(order)[0] ?? null;
}
