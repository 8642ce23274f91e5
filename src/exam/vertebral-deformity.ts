/** Genant's grades on losses of height (clinical-rules, Vertebral deformity). Pure. */
import type { Deformity, GenantGrade, VertebraFinding } from './analysis.ts';

/** Below 20 % grade 0, from 20 to 25 grade 1, above 25 to 40 grade 2, above 40 grade 3; on the unrounded loss. */
export function gradeOfLoss(lossPercent: number): GenantGrade {
  if (lossPercent < 20) return 0;
  if (lossPercent <= 25) return 1;
  return lossPercent <= 40 ? 2 : 3;
}

/** The losses at which the grade changes, percent. */
export const GRADE_BOUNDARIES_PERCENT = [20, 25, 40] as const;

/** Remarks that keep one kind of loss from being graded. */
export const UNGRADED_LOSSES = { 'double-contour': 'biconcave', 'posterior-wedge': 'crush' } as const;

/** One loss that counts for the grade, with one standard error in percentage points. */
export interface CountedLoss {
  readonly deformity: Exclude<Deformity, 'none'>;
  readonly lossPercent: number;
  readonly errorPercent: number;
}

/** The losses that count for the grade, the largest first; of equal ones wedge, then biconcave. Empty without any. */
export function countedLosses({
  lossPercent,
  lossErrorPercent,
  remarks,
}: Pick<VertebraFinding, 'lossPercent' | 'lossErrorPercent' | 'remarks'>): readonly CountedLoss[] {
  const left = Object.entries(UNGRADED_LOSSES).flatMap(([remark, kind]) =>
    remarks.includes(remark) ? [kind] : [],
  );
  return (['wedge', 'biconcave', 'crush'] as const)
    .flatMap((deformity) => {
      const loss = lossPercent?.[deformity] ?? null;
      const error = lossErrorPercent?.[deformity] ?? null;
      if (loss === null || error === null || left.some((kind) => kind === deformity)) return [];
      return [{ deformity, lossPercent: loss, errorPercent: error }];
    })
    .sort((a, b) => b.lossPercent - a.lossPercent);
}
