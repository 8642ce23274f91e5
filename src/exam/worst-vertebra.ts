import type { Deformity, GenantGrade, SpineFinding, VertebraFinding } from './analysis.ts';
import { countedLosses } from './vertebral-deformity.ts';

/** A vertebra that was graded. */
export type GradedVertebra = VertebraFinding & {
  readonly genantGrade: GenantGrade;
  readonly deformity: Deformity;
};

/** Whether a vertebra was graded. */
export function isGraded(vertebra: VertebraFinding): vertebra is GradedVertebra {
  return vertebra.genantGrade !== null && vertebra.deformity !== null;
}

/** The largest loss that counts for a vertebra's grade, percent; null where none does. */
export function largestLossPercent(vertebra: VertebraFinding): number | null {
  return countedLosses(vertebra)[0]?.lossPercent ?? null;
}

/** The vertebra of the highest grade, of equals that with the largest loss; null where none was graded. */
export function worstVertebra({ vertebrae }: Pick<SpineFinding, 'vertebrae'>): GradedVertebra | null {
  const order = (a: GradedVertebra, b: GradedVertebra) =>
    b.genantGrade - a.genantGrade || (largestLossPercent(b) ?? 0) - (largestLossPercent(a) ?? 0);
  return vertebrae.filter(isGraded).toSorted(order)[0] ?? null;
}
