/** From the found bodies of one film to its finding: levels, heights, grades, decision. Pure. */
import { decideFracture, type FracturePolicy } from '../src/decide/fracture-policy.ts';
import { reasonOf } from '../src/decide/reason-texts.ts';
import type { AnalysisResult, SpineFinding, ViewName } from '../src/exam/analysis.ts';
import type { AppliedCorrection, OrderedCorrection } from '../src/exam/correction.ts';
import { scaledSpine } from '../src/exam/film-scale.ts';
import type { PixelSize } from '../src/imaging/area-average.ts';
import { correctVertebrae } from '../src/measure/corrected-vertebra.ts';
import type { FoundSpine } from '../src/measure/found-spine.ts';
import { measureVertebrae } from '../src/measure/vertebra-findings.ts';
import { nameLevels } from '../src/measure/vertebral-level.ts';

/** What the reading of a spine goes by. */
export interface SpineRules {
  readonly view: ViewName;
  readonly policy: FracturePolicy;
  /** Pixels of the original for one of the film. */
  readonly reduction: number;
}

/** Measures, grades and decides; places and heights in pixels of the original. */
export function readSpine(
  film: PixelSize,
  found: FoundSpine | null,
  { view, policy, reduction }: SpineRules,
): Pick<AnalysisResult, 'outcome' | 'reasons' | 'spine'> {
  if (found === null) {
    return { outcome: 'not-assessable', reasons: [reasonOf('no-vertebrae-found')], spine: null };
  }
  const vertebrae = measureVertebrae(found.bodies, nameLevels(found, view), film);
  const { outcome, reasons, worstGrade, fractureScore } = decideFracture({ vertebrae }, policy);
  const { facing, sacrum } = found;
  const spine = { facing, vertebrae, sacrumPx: sacrum?.point ?? null, worstGrade, fractureScore };
  return { outcome, reasons, spine: scaledSpine(spine, reduction) };
}

/** A spine with a person's points in the place of the measured ones, decided anew; null where no body was found for any. */
export function correctSpine(
  measured: Pick<AnalysisResult, 'outcome'> & { readonly spine: SpineFinding },
  correction: OrderedCorrection,
  { film, policy }: { readonly film: PixelSize; readonly policy: FracturePolicy },
):
  | (Pick<AnalysisResult, 'outcome' | 'reasons' | 'spine'> & { readonly correction: AppliedCorrection })
  | null {
  const { spine, outcome: measuredOutcome } = measured;
  const { vertebrae, levels, lost } = correctVertebrae(spine, correction.vertebrae, film);
  if (levels.length === 0) return null;
  const { outcome, reasons, worstGrade, fractureScore } = decideFracture({ vertebrae }, policy);
  const before = { vertebrae: spine.vertebrae, worstGrade: spine.worstGrade };
  const { by, atMs } = correction;
  return {
    outcome,
    reasons: [
      ...reasons,
      reasonOf('points-corrected', { places: levels.join(', ') }),
      ...(lost.length === 0 ? [] : [reasonOf('correction-not-applied')]),
    ],
    spine: { ...spine, vertebrae, worstGrade, fractureScore },
    correction: {
      ...{ by, atMs, levels, sides: [] },
      measured: { outcome: measuredOutcome, panoramic: null, spine: before },
    },
  };
}
