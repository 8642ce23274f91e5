/** From the found bodies of one film to its finding: levels, heights, grades, decision. Pure. */
import { decideFracture, type FracturePolicy } from '../src/decide/fracture-policy.ts';
import { reasonOf } from '../src/decide/reason-texts.ts';
import type { AnalysisResult, ViewName } from '../src/exam/analysis.ts';
import { scaledSpine } from '../src/exam/film-scale.ts';
import type { PixelSize } from '../src/imaging/area-average.ts';
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
