import type { Outcome, SideMeasurement, Spacing } from '../exam/analysis.ts';
import { isScaleCorrected } from '../exam/device-profile.ts';
import { reasonOf, type ReasonInWords } from './reason-texts.ts';
import {
  classSign,
  isPositive,
  pmiSign,
  quotedBesideLimit,
  thinCortexScore,
  type ThinCortexSign,
  widthSign,
} from './thin-cortex-signs.ts';

/** Version of the rules below; it is part of the identity of every report, so raise it with any change. */
export const POLICY_VERSION = '1.2.0';

/**
 * The limits of a site.
 *
 * 3.0 mm comes from widths corrected for magnification (Devlin et al. 2007, OSTEODENT), so it is applied to corrected
 * widths alone: a device profile, the film's own magnification or calibration. At detector scale 3.0 mm is only 2.2 to
 * 2.5 mm of bone, and a factor guessed for an unknown device would be a number nobody measured: such a film is judged
 * by what has no unit, PMI and class, unless the site has set a limit of its own for its detector's millimetres.
 */
export interface ReferralPolicy {
  /** Mean cortical width, corrected for magnification, strictly below this is a finding. */
  readonly corticalWidthMmMin: number;
  /** The same for millimetres at the detector; null where the site has set none. */
  readonly corticalWidthDetectorMmMin: number | null;
  /** Mean panoramic mandibular index strictly below this is a finding where no width decides. */
  readonly pmiMin: number;
}

/** The policy where a site sets none. PMI: normal mean about 0.3, SD 0.04 (Benson 1991), less two SD. */
export const DEFAULT_REFERRAL_POLICY: ReferralPolicy = {
  corticalWidthMmMin: 3.0,
  corticalWidthDetectorMmMin: null,
  pmiMin: 0.22,
};

/** What was measured on a panoramic film. */
export interface PanoramicMeasurement {
  readonly sides: readonly SideMeasurement[];
  readonly spacing: Spacing;
  /** Vertical magnification of the device; null leaves millimetres uncorrected. */
  readonly magnification: number | null;
  /** One standard error of the magnification; left out where none is known. */
  readonly magnificationError?: number;
}

/** What follows from a panoramic film. */
export interface ReferralDecision {
  readonly outcome: Extract<Outcome, 'positive' | 'negative' | 'not-assessable'>;
  /** The deciding reason first. */
  readonly reasons: readonly ReasonInWords[];
  /** At detector scale where the millimetres are not corrected. */
  readonly meanWidthMm: number | null;
  readonly lowBoneDensityScore: number | null;
}

/**
 * Decides from the measured sides whether the film speaks for a referral. Pure; the same input, the same words.
 * The mean width decides where its millimetres have a limit; else PMI and Klemetti's class do, and either is enough.
 * What does not decide is told beside it and moves the score.
 */
export function decideReferral(
  measurement: PanoramicMeasurement,
  policy: ReferralPolicy = DEFAULT_REFERRAL_POLICY,
): ReferralDecision {
  const sides = measurement.sides.filter(({ assessable }) => assessable);
  if (!sides.some(({ widthPx }) => isPositive(widthPx)))
    return notAssessable([reasonOf('no-side-assessable')]);
  const scale = mmPerPxOf(measurement.spacing, measurement.magnification);
  const { spacing, magnification, magnificationError = 0 } = measurement;
  const limitMm = isScaleCorrected(spacing, magnification)
    ? policy.corticalWidthMmMin
    : policy.corticalWidthDetectorMmMin;
  const scaleErrorShare = isPositive(magnification) ? magnificationError / magnification : 0;
  const width =
    scale === null ? null : widthSign(sides, scale, limitMm ?? policy.corticalWidthMmMin, scaleErrorShare);
  const indices = [pmiSign(sides, policy.pmiMin), classSign(sides)].filter((sign) => sign !== null);
  const widthDecides = width !== null && limitMm !== null;
  const deciding = widthDecides ? [width] : indices;
  const notes = notesOf(sides, measurement, widthDecides ? null : width);
  if (deciding.length === 0) return notAssessable([reasonOf('pmi-unavailable'), ...notes]);
  const score = thinCortexScore(deciding, widthDecides ? indices : []);
  return {
    outcome: deciding.some(({ isBeyond }) => isBeyond) ? 'positive' : 'negative',
    reasons: [
      ...reasonsOf(deciding, widthDecides ? indices : []),
      reasonOf(widthDecides ? 'score-by-width' : 'score-by-indices', { score: quotedScore(score) }),
      ...notes,
    ],
    meanWidthMm: width?.mean ?? null,
    lowBoneDensityScore: score,
  };
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

/** What is beyond its limit comes first; signs that only support are told where they are beyond theirs. */
function reasonsOf(
  deciding: readonly ThinCortexSign[],
  supporting: readonly ThinCortexSign[],
): readonly ReasonInWords[] {
  const ordered = [...deciding].sort((a, b) => Number(b.isBeyond) - Number(a.isBeyond));
  const told = [...ordered, ...supporting.filter(({ isBeyond }) => isBeyond)];
  const turning = deciding.reduce((worst, sign) => (sign.excess > worst.excess ? sign : worst));
  return [...told.map(reasonOfSign), ...(turning.isNear ? [reasonOf('near-threshold')] : [])];
}

function reasonOfSign(sign: ThinCortexSign): ReasonInWords {
  const { name, limit, isBeyond } = sign;
  const quoted = quotedBesideLimit(sign);
  switch (name) {
    case 'width': {
      const code = isBeyond ? 'mcw-below-threshold' : 'mcw-at-or-above-threshold';
      return reasonOf(code, { meanWidthMm: quoted, limitMm: limit });
    }
    case 'pmi': {
      const code = isBeyond ? 'pmi-below-threshold' : 'pmi-at-or-above-threshold';
      return reasonOf(code, { meanPmi: quoted, limitPmi: limit });
    }
    case 'class':
      return reasonOf(isBeyond ? 'cortex-porous' : 'cortex-not-porous', {
        meanClass: quoted,
        limitClass: limit,
      });
  }
}

/** @param unused the width where it has no limit to be held against */
function notesOf(
  sides: readonly SideMeasurement[],
  measurement: PanoramicMeasurement,
  unused: ThinCortexSign | null,
): ReasonInWords[] {
  const notes: ReasonInWords[] = [];
  if (sides.length === 1) notes.push(reasonOf('one-side-only'));
  if (mmPerPxOf(measurement.spacing, measurement.magnification) === null) notes.push(reasonOf('no-spacing'));
  else if (!isScaleCorrected(measurement.spacing, measurement.magnification))
    notes.push(reasonOf('detector-scale-not-corrected'));
  if (unused !== null) {
    notes.push(reasonOf('width-not-compared', { meanWidthMm: Math.round(unused.mean * 100) / 100 }));
  }
  return notes;
}

function notAssessable(reasons: readonly ReasonInWords[]): ReferralDecision {
  return { outcome: 'not-assessable', reasons, meanWidthMm: null, lowBoneDensityScore: null };
}

/** Two decimals that do not round a score onto the half where the decision turns. */
function quotedScore(score: number): number {
  const rounded = Math.round(score * 100) / 100;
  return rounded === 0.5 && score !== 0.5 ? (score > 0.5 ? 0.51 : 0.49) : rounded;
}
