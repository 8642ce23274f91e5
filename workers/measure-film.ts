/** From what the panoramic models found to the result of one film: measure both sides, decide. Pure but for the stopwatch. */
import { reasonOf, reasonText } from '../src/decide/reason-texts.ts';
import { decideReferral, type ReferralDecision, sideWidthMm } from '../src/decide/referral-policy.ts';
import { TriageError } from '../src/errors.ts';
import type {
  AnalysisResult,
  PanoramicFinding,
  Reason,
  ReportedSide,
  Side,
  SideMeasurement,
} from '../src/exam/analysis.ts';
import type { AppliedCorrection, OrderedCorrection } from '../src/exam/correction.ts';
import {
  appliedProfile,
  type DeviceProfile,
  isCalibrationFar,
  magnificationOf,
} from '../src/exam/device-profile.ts';
import type { PointPx } from '../src/exam/film.ts';
import { reductionOf, scaledPoint, scaledSide } from '../src/exam/film-scale.ts';
import { thresholdOf, type ModelManifest } from '../src/inference/model-manifest.ts';
import { measureCorticalWidth } from '../src/measure/cortical-width.ts';
import { correctSides } from '../src/measure/corrected-side.ts';
import { compareSides } from '../src/measure/side-agreement.ts';
import type { FoundMandible, PanoramicModels } from './find-foramina.ts';
import { allFinite, type AnalysedFilm, endFilm } from './film-result.ts';
import type { ViewedFilm } from './look-at-view.ts';
import type { AnalysisRules } from './worker-setup.ts';

/** A view that nobody claimed must be clearer than one that the header or a person names. */
const UNCLAIMED_PANORAMIC_MIN = 0.9;
const BORDER_STEP_PX_MAX = 8;

/**
 * The result of a film that the panoramic models have seen.
 * @param measureMs called when the measuring is done
 */
export function measurePanoramic(
  viewed: ViewedFilm,
  mandible: FoundMandible,
  { contour, foramen }: PanoramicModels,
  rules: AnalysisRules,
  measureMs: () => number,
): AnalysedFilm {
  const { panoramic: score, border, prepareMs, inferenceMs, refineMs } = mandible;
  const found =
    border !== null && isPanoramic(viewed, score, contour.model.manifest)
      ? readPanoramic(viewed, border.points, mandible.foramina, rules)
      : denyPanoramic(viewed);
  const { panoramic, outcome, reasons, correction } = found;
  const unclaimed = { source: 'model', turnDegrees: null, isMirrored: null } as const;
  const { timings, viewTimings } = viewed;
  return endFilm(viewed, {
    outcome,
    view:
      panoramic === null
        ? { ...unclaimed, name: 'other', confidence: 1 - score }
        : (viewed.view ?? { ...unclaimed, name: 'panoramic', confidence: score }),
    reasons: [...reasons, ...viewed.notes],
    found: { panoramic },
    ...(correction === undefined ? {} : { correction }),
    isUsable: panoramic !== null,
    problems: viewed.problems,
    models: [contour.model.identity, foramen.model.identity, ...viewed.viewModels],
    timings: {
      ...timings,
      prepare: viewTimings.prepare + prepareMs,
      inference: viewTimings.inference + inferenceMs,
      measure: refineMs + measureMs(),
    },
  });
}

type Finding = Pick<AnalysisResult, 'outcome' | 'reasons' | 'panoramic' | 'correction'>;

function isPanoramic({ view }: ViewedFilm, score: number, manifest: ModelManifest): boolean {
  const panoramic = thresholdOf(manifest, 'panoramic');
  return score >= (view === null ? Math.max(panoramic, UNCLAIMED_PANORAMIC_MIN) : panoramic);
}

function denyPanoramic({ view }: ViewedFilm): Finding {
  const reason =
    view === null ? reasonOf('no-model-for-view', { view: 'other' }) : reasonOf('not-a-panoramic');
  return { outcome: 'not-assessable', reasons: [reason], panoramic: null };
}

function readPanoramic(
  { film, spacing, header, request }: ViewedFilm,
  border: readonly PointPx[],
  foramina: FoundMandible['foramina'],
  rules: AnalysisRules,
): Finding {
  const reduction = reductionOf(film, header);
  const measure = (side: Side): SideMeasurement =>
    scaledSide(
      measureCorticalWidth({
        film,
        border,
        foramen: foramina[side],
        side,
        mmPerPx: spacing.mmPerPx === null ? null : spacing.mmPerPx * reduction,
      }),
      reduction,
    );
  const measured = compareSides(measure('R'), measure('L'));
  const { magnification, profile } = magnificationOf(spacing, header, rules);
  const magnificationError = profile?.uncertainty ?? 0;
  const decide = (sides: Sides): ReferralDecision =>
    decideReferral({ sides, spacing, magnification, magnificationError }, rules.policy);
  const report = (side: SideMeasurement): ReportedSide => ({
    ...side,
    widthMm: sideWidthMm(side, spacing, magnification),
  });
  const ordered = request.correction?.sides ?? [];
  const sides = correctSides(measured, ordered);
  const decision = decide(sides);
  const correction =
    request.correction === undefined || ordered.length === 0
      ? undefined
      : appliedToSides(request.correction, decide(measured), [report(measured[0]), report(measured[1])]);
  const panoramic: PanoramicFinding = {
    inferiorBorderPx: closeGaps(border.map((point) => scaledPoint(point, reduction))).map(([x, y]) => [
      round(x, 2),
      round(y, 2),
    ]),
    sides: [report(sides[0]), report(sides[1])],
    magnification,
    deviceProfile: profile && appliedProfile(profile),
    meanWidthMm: decision.meanWidthMm,
    lowBoneDensityScore: decision.lowBoneDensityScore,
  };
  // NaN would cross the process border as null, which means something else: absent with a reason.
  if (!allFinite(panoramic)) throw new TriageError('inference-failed', 'a measurement is not a number');
  const reasons: Reason[] = [
    ...decision.reasons,
    ...(correction === undefined
      ? []
      : [reasonOf('points-corrected', { places: correction.sides.join(', ') })]),
    ...calibrationNotes(profile, header),
    ...sideReasons(sides),
    ...indexReasons(sides),
  ];
  return {
    outcome: decision.outcome,
    reasons,
    panoramic,
    ...(correction === undefined ? {} : { correction }),
  };
}

type Sides = readonly [SideMeasurement, SideMeasurement];

/** A person's points beside what was measured, and what would have followed from that. */
function appliedToSides(
  { by, atMs, sides }: OrderedCorrection,
  { outcome, meanWidthMm }: ReferralDecision,
  measured: readonly [ReportedSide, ReportedSide],
): AppliedCorrection {
  return {
    ...{ by, atMs, levels: [] },
    sides: sides.map(({ side }) => side),
    measured: { outcome, panoramic: { sides: measured, meanWidthMm }, spine: null },
  };
}

function calibrationNotes(profile: DeviceProfile | null, header: ViewedFilm['header']): Reason[] {
  if (profile === null || header?.studyDate == null || !isCalibrationFar(profile, header.studyDate))
    return [];
  return [reasonOf('device-calibration-old', { calibratedOn: profile.calibratedOn })];
}

/** Why a side is missing; the same reason on both sides is said once. */
function sideReasons(sides: readonly SideMeasurement[]): Reason[] {
  const codes = new Set(sides.flatMap((side) => (side.reason === null ? [] : [side.reason])));
  return [...codes].map((code) => ({ code, text: reasonText(code, 'en') }));
}

/** Why Klemetti's class is missing on a side whose width is there. */
function indexReasons(sides: readonly SideMeasurement[]): Reason[] {
  if (sides.every(({ mci }) => mci === null)) return [reasonOf('cortical-index-not-read')];
  const isMissing = sides.some(({ assessable, mci }) => assessable && mci === null);
  return isMissing ? [reasonOf('cortical-index-not-assessable')] : [];
}

/** Puts points between neighbours that stand too far apart for the contract. */
function closeGaps(border: readonly PointPx[]): PointPx[] {
  return border.flatMap((point, index): PointPx[] => {
    const next = border[index + 1];
    if (next === undefined) return [point];
    const [dx, dy] = [next[0] - point[0], next[1] - point[1]];
    const parts = Math.max(1, Math.ceil(Math.hypot(dx, dy) / (BORDER_STEP_PX_MAX - 0.1)));
    return Array.from({ length: parts }, (_, i): PointPx => [
      point[0] + (dx * i) / parts,
      point[1] + (dy * i) / parts,
    ]);
  });
}

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
