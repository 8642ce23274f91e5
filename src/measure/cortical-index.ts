import type { CorticalIndex } from '../exam/analysis.ts';
import { followMarginCourse } from './cortical-index-course.ts';
import type { CorticalIndexModel, CorticalIndexStep } from './cortical-index-model.ts';
import { SHIPPED_CORTICAL_INDEX } from './cortical-index-model.ts';
import type { CortexSigns } from './cortical-index-signs.ts';
import { measureCortexSigns } from './cortical-index-signs.ts';
import { meanProfile, type SiteStrip } from './site-strip.ts';

/** A site whose width was measured: all of it in steps of STEP_MM, depth 0 at the periosteal border. */
interface CorticalIndexInput {
  /** Reaches at least 6 mm, and is used as far as 10 mm, distally of the foot (SITE_REACH). */
  readonly strip: SiteStrip;
  /** Depth of the endosteal margin at the foot. */
  readonly widthSteps: number;
  /** Brightness outside the bone (findLevels). */
  readonly outside: number;
}

/** The columns about the foot that the levels are taken from. */
const HALF_STRIP = 21;
/** The cortex is brightest within 1.5 mm of its margin; the marrow is what lies within 5 mm above it. */
const CREST_REACH = 16;
const CREST_DEPTH_MIN = 2;
const MARROW_REACH = 52;
const MARROW_SHARE = 0.2;
/** Below this share of the brightness of bone, cortex and marrow cannot be told apart. */
const CONTRAST_SHARE_MIN = 0.04;
/** The logarithm of a gap's contrast begins here: what is fainter is noise. */
const FAINTEST_CONTRAST = 0.05;

/**
 * Klemetti's class of one side, from the region distal to the foramen: measured signs, and an ordinal model on them
 * that was fitted to our own readings and to phantoms (models/training/cortical-index/MODEL_CARD.md).
 * @returns null where the region is cut off or the contrast too low
 */
export function readCorticalIndex(
  input: CorticalIndexInput,
  model: CorticalIndexModel = SHIPPED_CORTICAL_INDEX,
): CorticalIndex | null {
  const signs = measureSignsAt(input);
  if (signs === null) return null;
  const { roughness, residueLayers, porosityShare } = signs;
  const probabilities = classProbabilities(signs, model);
  const { C1, C2, C3 } = probabilities;
  return {
    class: C3 > Math.max(C1, C2) ? 'C3' : C2 >= C1 ? 'C2' : 'C1',
    probabilities,
    signs: { roughnessPx: roughness * input.strip.stepPx, residueLayers, porosityShare },
  };
}

/** The signs that the class is read from; null where they cannot be measured. */
export function measureSignsAt({ strip, widthSteps, outside }: CorticalIndexInput): CortexSigns | null {
  const profile = meanProfile(strip, -HALF_STRIP, HALF_STRIP);
  const row = (depth: number): number => Math.floor(depth) - strip.depthFrom;
  const crest = Math.max(CREST_DEPTH_MIN, widthSteps - CREST_REACH);
  const cortex = Math.max(...profile.slice(row(crest), row(widthSteps) + 1));
  const marrow = profile.slice(row(widthSteps), row(widthSteps + MARROW_REACH)).sort();
  const contrast = cortex - (marrow[Math.floor(MARROW_SHARE * (marrow.length - 1))] ?? NaN);
  // Also where a level is not a number.
  if (!(contrast > CONTRAST_SHARE_MIN * (cortex - outside))) return null;
  const course = followMarginCourse(strip, widthSteps, contrast);
  return course === null ? null : measureCortexSigns(strip, { course, contrast });
}

/** The share of each class, in two steps: worse than C1, and if so, C3. Every sign pushes towards C3, none back. */
export function classProbabilities(
  signs: CortexSigns,
  { eroded, porous }: CorticalIndexModel,
): CorticalIndex['probabilities'] {
  const worse = shareOf(signs, eroded);
  const worst = worse * shareOf(signs, porous);
  return { C1: 1 - worse, C2: worse - worst, C3: worst };
}

function shareOf(signs: CortexSigns, { intercept, weights }: CorticalIndexStep): number {
  const place =
    intercept +
    weights.roughness * signs.roughness +
    weights.residueLayers * signs.residueLayers +
    weights.porosityShare * signs.porosityShare +
    weights.residueContrast * Math.log(FAINTEST_CONTRAST + signs.residueContrast) +
    weights.bandContrast * Math.log(FAINTEST_CONTRAST + signs.bandContrast);
  return 1 / (1 + Math.exp(-place));
}
