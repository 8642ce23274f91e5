/** From the panoramic model's answer to the result of one film: refine, measure both sides, decide. Pure but for the stopwatch. */
import { reasonOf, reasonText } from '../src/decide/reason-texts.ts';
import { decideReferral, sideWidthMm } from '../src/decide/referral-policy.ts';
import { TriageError } from '../src/errors.ts';
import type {
  AnalysisResult,
  PanoramicFinding,
  Reason,
  ReportedSide,
  Side,
  SideMeasurement,
} from '../src/exam/analysis.ts';
import {
  appliedProfile,
  type DeviceProfile,
  isCalibrationFar,
  magnificationOf,
} from '../src/exam/device-profile.ts';
import type { PointPx } from '../src/exam/film.ts';
import { reductionOf, scaledPoint, scaledSide } from '../src/exam/film-scale.ts';
import type { Letterbox } from '../src/imaging/prepare-image.ts';
import { thresholdOf, type ModelManifest } from '../src/inference/model-manifest.ts';
import type { RegisteredModel } from '../src/inference/model-registry.ts';
import { measureCorticalWidth } from '../src/measure/cortical-width.ts';
import type { CoarseBorderPoint } from '../src/measure/coarse-line.ts';
import { refineInferiorBorder } from '../src/measure/inferior-border.ts';
import { allFinite, type AnalysedFilm, endFilm } from './film-result.ts';
import type { ViewedFilm } from './look-at-view.ts';
import type { ModelOutputs } from './onnx-session.ts';
import type { AnalysisRules } from './worker-setup.ts';

/** A view that nobody claimed must be clearer than one that the header or a person names. */
const UNCLAIMED_PANORAMIC_MIN = 0.9;
const BORDER_STEP_PX_MAX = 8;

/** A film that the panoramic model has seen. */
export interface PanoramicFilm {
  readonly viewed: ViewedFilm;
  readonly input: Letterbox;
  readonly prepareMs: number;
  readonly inferenceMs: number;
}

/**
 * The result of a film that the panoramic model has seen.
 * @param measureMs called when the measuring is done
 */
export function measurePanoramic(
  { viewed, input, prepareMs, inferenceMs }: PanoramicFilm,
  outputs: ModelOutputs,
  model: RegisteredModel,
  rules: AnalysisRules,
  measureMs: () => number,
): AnalysedFilm {
  const score = outputs['panoramic']?.[0] ?? 0;
  const found = isPanoramic(viewed, score, model.manifest)
    ? readPanoramic(viewed, input, outputs, rules)
    : denyPanoramic(viewed);
  const { panoramic, outcome, reasons } = found;
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
    isUsable: panoramic !== null,
    problems: viewed.problems,
    models: [model.identity, ...viewed.viewModels],
    timings: {
      ...timings,
      prepare: viewTimings.prepare + prepareMs,
      inference: viewTimings.inference + inferenceMs,
      measure: measureMs(),
    },
  });
}

type Finding = Pick<AnalysisResult, 'outcome' | 'reasons' | 'panoramic'>;

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
  { film, spacing, header }: ViewedFilm,
  input: Letterbox,
  outputs: ModelOutputs,
  rules: AnalysisRules,
): Finding {
  const reduction = reductionOf(film, header);
  const border = refineInferiorBorder(film, coarseBorder(outputs, input)).points;
  const measure = (side: Side): SideMeasurement =>
    scaledSide(
      measureCorticalWidth({
        film,
        border,
        foramen: foramenOf(outputs, input, side),
        side,
        mmPerPx: spacing.mmPerPx === null ? null : spacing.mmPerPx * reduction,
      }),
      reduction,
    );
  const sides = [measure('R'), measure('L')] as const;
  const { magnification, profile } = magnificationOf(spacing, header, rules);
  const decision = decideReferral({ sides, spacing, magnification }, rules.policy);
  const report = (side: SideMeasurement): ReportedSide => ({
    ...side,
    widthMm: sideWidthMm(side, spacing, magnification),
  });
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
    ...calibrationNotes(profile, header),
    ...sideReasons(sides),
    reasonOf('cortical-index-not-read'),
  ];
  return { outcome: decision.outcome, reasons, panoramic };
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

function coarseBorder(outputs: ModelOutputs, input: Letterbox): CoarseBorderPoint[] {
  const spread = outputs['borderSpread'];
  const presence = outputs['borderPresence'];
  return Array.from(outputs['border'] ?? [], (row, column) => ({
    xPx: toFilmPx(column, input.left, input.scaleColumns),
    yPx: toFilmPx(row, input.top, input.scaleRows),
    spreadPx: (spread?.[column] ?? 0) / input.scaleRows,
    presence: presence?.[column] ?? 0,
  }));
}

function foramenOf(outputs: ModelOutputs, input: Letterbox, side: Side) {
  // The patient's right comes first in the model's output.
  const offset = side === 'R' ? 0 : 3;
  const [x, y, confidence] = (outputs['foramen'] ?? new Float32Array(6)).subarray(offset, offset + 3);
  return {
    xPx: toFilmPx(x ?? 0, input.left, input.scaleColumns),
    yPx: toFilmPx(y ?? 0, input.top, input.scaleRows),
    confidence: confidence ?? 0,
  };
}

function toFilmPx(canvasPx: number, offsetPx: number, scale: number): number {
  return (canvasPx - offsetPx + 0.5) / scale - 0.5;
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
