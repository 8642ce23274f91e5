import type { Outcome, SideMeasurement, Spacing } from '../exam/analysis.ts';
import { reasonOf, type ReasonInWords } from './reason-texts.ts';

/** Version of the rules below; it is part of the identity of every report, so raise it with any change. */
export const POLICY_VERSION = '1.1.0';

/**
 * The limits of a site.
 *
 * 3.0 mm comes from widths corrected for magnification (Devlin et al. 2007, OSTEODENT). Films rarely carry a
 * calibration, and at detector scale 3.0 mm is only 2.2 to 2.5 mm of bone. The limit is used as it is all the
 * same, because a factor guessed for an unknown device would be a number nobody measured: the result says
 * "detector scale", and a site sets the limit (or the magnification) for its own device.
 */
export interface ReferralPolicy {
  /** Mean cortical width strictly below this is a finding. */
  readonly corticalWidthMmMin: number;
  /** Mean panoramic mandibular index strictly below this is a finding where there are no millimetres. */
  readonly pmiMin: number;
}

/** The policy where a site sets none. PMI: normal mean about 0.3, SD 0.04 (Benson 1991), less two SD. */
export const DEFAULT_REFERRAL_POLICY: ReferralPolicy = { corticalWidthMmMin: 3.0, pmiMin: 0.22 };

/** What was measured on a panoramic film. */
export interface PanoramicMeasurement {
  readonly sides: readonly SideMeasurement[];
  readonly spacing: Spacing;
  /** Vertical magnification of the device; null leaves millimetres uncorrected. */
  readonly magnification: number | null;
}

/** What follows from a panoramic film. */
export interface ReferralDecision {
  readonly outcome: Extract<Outcome, 'positive' | 'negative' | 'not-assessable'>;
  /** The deciding reason first. */
  readonly reasons: readonly ReasonInWords[];
  readonly meanWidthMm: number | null;
  readonly lowBoneDensityScore: number | null;
}

interface MeasuredSide {
  readonly widthPx: number;
  readonly uncertaintyPx: number | null;
  readonly pmi: number | null;
}

interface Estimate {
  readonly mean: number;
  /** One standard error of the mean; null where a side has none. */
  readonly standardError: number | null;
}

/** Widths this much apart (a micrometre or less) are the same: a sum of doubles is not strictly below 3.0. */
const DECIMALS_COMPARED = 4;

/** Width of the logistic in mm and in PMI units: about the spread of either in the population (PMI: SD 0.04). */
const SCORE_SPREAD_MM = 0.5;
const SCORE_SPREAD_PMI = 0.04;

/** Decides from the measured sides whether the film speaks for a referral. Pure; the same input, the same words. */
export function decideReferral(
  measurement: PanoramicMeasurement,
  policy: ReferralPolicy = DEFAULT_REFERRAL_POLICY,
): ReferralDecision {
  const sides = measurement.sides.flatMap(measuredSide);
  const scale = mmPerPxOf(measurement.spacing, measurement.magnification);
  if (sides.length === 0) {
    return notAssessable([reasonOf('no-side-assessable')]);
  }
  const pmi = estimatePmi(sides);
  const notes = notesOf(sides, measurement);
  if (scale !== null) return decideByWidth(estimateWidthMm(sides, scale), pmi, policy, notes);
  if (pmi !== null) return decideByPmi(pmi, policy, notes);
  return notAssessable([reasonOf('pmi-unavailable'), ...notes]);
}

/** Millimetres of one side's width, or null where the scale is not known. */
export function sideWidthMm(
  side: Pick<SideMeasurement, 'widthPx'>,
  spacing: Spacing,
  magnification: number | null,
): number | null {
  const scale = mmPerPxOf(spacing, magnification);
  return scale === null || side.widthPx === null ? null : side.widthPx * scale;
}

/** Millimetres a pixel at the bone (corrected) or at the detector (not corrected); null without a usable scale. */
export function mmPerPxOf(spacing: Spacing, magnification: number | null): number | null {
  const { mmPerPx } = spacing;
  if (spacing.source === 'none' || !isPositive(mmPerPx)) return null;
  return isPositive(magnification) ? mmPerPx / magnification : mmPerPx;
}

function decideByWidth(
  width: Estimate,
  pmi: Estimate | null,
  policy: ReferralPolicy,
  notes: readonly ReasonInWords[],
): ReferralDecision {
  const limitMm = policy.corticalWidthMmMin;
  const positive = isBelow(width.mean, limitMm);
  const code = positive ? 'mcw-below-threshold' : 'mcw-at-or-above-threshold';
  const reasons = [reasonOf(code, { meanWidthMm: quotedBeside(width.mean, limitMm), limitMm })];
  // The width decides; a low index is told beside it and never turns a negative into a positive.
  if (pmi !== null && isBelow(pmi.mean, policy.pmiMin)) reasons.push(pmiReason(pmi, policy));
  if (isNear(width, limitMm)) reasons.push(reasonOf('near-threshold'));
  return {
    outcome: positive ? 'positive' : 'negative',
    reasons: [...reasons, ...notes],
    meanWidthMm: width.mean,
    lowBoneDensityScore: lowScore(width.mean, limitMm, SCORE_SPREAD_MM),
  };
}

function decideByPmi(
  pmi: Estimate,
  policy: ReferralPolicy,
  notes: readonly ReasonInWords[],
): ReferralDecision {
  const near = isNear(pmi, policy.pmiMin) ? [reasonOf('near-threshold')] : [];
  return {
    outcome: isBelow(pmi.mean, policy.pmiMin) ? 'positive' : 'negative',
    reasons: [pmiReason(pmi, policy), ...near, ...notes],
    meanWidthMm: null,
    lowBoneDensityScore: lowScore(pmi.mean, policy.pmiMin, SCORE_SPREAD_PMI),
  };
}

function pmiReason(pmi: Estimate, policy: ReferralPolicy): ReasonInWords {
  const code = isBelow(pmi.mean, policy.pmiMin) ? 'pmi-below-threshold' : 'pmi-at-or-above-threshold';
  return reasonOf(code, { meanPmi: quotedBeside(pmi.mean, policy.pmiMin), limitPmi: policy.pmiMin });
}

function notesOf(sides: readonly MeasuredSide[], measurement: PanoramicMeasurement): ReasonInWords[] {
  const notes: ReasonInWords[] = [];
  const { spacing, magnification } = measurement;
  if (sides.length === 1) notes.push(reasonOf('one-side-only'));
  if (mmPerPxOf(spacing, magnification) === null) notes.push(reasonOf('no-spacing'));
  else if (spacing.source !== 'calibrated' && !isPositive(magnification)) {
    notes.push(reasonOf('detector-scale-not-corrected'));
  }
  return notes;
}

function notAssessable(reasons: readonly ReasonInWords[]): ReferralDecision {
  return { outcome: 'not-assessable', reasons, meanWidthMm: null, lowBoneDensityScore: null };
}

function measuredSide(side: SideMeasurement): MeasuredSide[] {
  const { assessable, widthPx, uncertaintyPx, pmi } = side;
  if (!assessable || !isPositive(widthPx)) return [];
  return [{ widthPx, uncertaintyPx, pmi: isPositive(pmi) ? pmi : null }];
}

function estimateWidthMm(sides: readonly MeasuredSide[], scale: number): Estimate {
  return estimate(
    sides.map((side) => ({
      value: side.widthPx * scale,
      error: side.uncertaintyPx === null ? null : side.uncertaintyPx * scale,
    })),
  );
}

function estimatePmi(sides: readonly MeasuredSide[]): Estimate | null {
  const readings = sides.flatMap(({ pmi, uncertaintyPx, widthPx }) =>
    // The width is the uncertain part of the ratio, so its relative error is taken over.
    pmi === null
      ? []
      : [{ value: pmi, error: uncertaintyPx === null ? null : (pmi * uncertaintyPx) / widthPx }],
  );
  return readings.length === 0 ? null : estimate(readings);
}

function estimate(readings: readonly { readonly value: number; readonly error: number | null }[]): Estimate {
  const mean = readings.reduce((sum, { value }) => sum + value, 0) / readings.length;
  let variance: number | null = 0;
  for (const { error } of readings) {
    variance = variance === null || error === null ? null : variance + error * error;
  }
  return { mean, standardError: variance === null ? null : Math.sqrt(variance) / readings.length };
}

/**
 * A score for sorting the worklist, 0 to 1: logistic in the distance from the limit, 0.5 at the limit, strictly
 * falling as the cortex gets wider. It is not a probability of disease: nothing here was fitted to bone density.
 */
function lowScore(value: number, limit: number, spread: number): number {
  return 1 / (1 + Math.exp((value - limit) / spread));
}

/**
 * The number that a text quotes beside its limit: two decimals that never contradict the decision, so that
 * 2.996 is not written as 3.00 and called below 3.0.
 */
function quotedBeside(value: number, limit: number): number {
  const rounded = Math.round(value * 100) / 100;
  return isBelow(value, limit) && rounded >= limit ? limit - 0.01 : rounded;
}

function isBelow(value: number, limit: number): boolean {
  return Number(value.toFixed(DECIMALS_COMPARED)) < limit;
}

function isNear({ mean, standardError }: Estimate, limit: number): boolean {
  return standardError !== null && Math.abs(mean - limit) <= standardError;
}

function isPositive(value: number | null): value is number {
  return value !== null && Number.isFinite(value) && value > 0;
}
