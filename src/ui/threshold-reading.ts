/** What a film's measurement is held against, for the chart of a referral: value, error, limits. Pure. */
import { classSign, CLASS_LIMIT, pmiSign, widthSign } from '../decide/thin-cortex-signs.ts';
import { DEFAULT_REFERRAL_POLICY, mmPerPxOf } from '../decide/referral-policy.ts';
import type { AnalysisResult, SideMeasurement } from '../exam/analysis.ts';
import { countedLosses, GRADE_BOUNDARIES_PERCENT } from '../exam/vertebral-deformity.ts';
import { worstVertebra } from '../exam/worst-vertebra.ts';

/** A limit on the axis; a grade boundary carries the grade that begins there. */
export interface ReadingLimit {
  readonly at: number;
  readonly grade: 1 | 2 | 3 | null;
}

/** One value beside its limits. */
export interface ThresholdReading {
  readonly measure: 'width' | 'pmi' | 'class' | 'loss' | 'score';
  readonly value: number;
  /** One standard error; null where none is known. */
  readonly error: number | null;
  /** On which side of the first limit a finding lies. */
  readonly worse: 'below' | 'above';
  readonly limits: readonly ReadingLimit[];
  /** Ends of the axis. */
  readonly from: number;
  readonly to: number;
  readonly decimals: number;
  /** The vertebra, for a loss of height. */
  readonly level: string | null;
}

/** The reading that decided the film; null where nothing on it was held against a limit. */
export function thresholdReading(analysis: AnalysisResult): ThresholdReading | null {
  const { spine, boneDensity, panoramic } = analysis;
  if (spine !== null) return lossReading(spine);
  if (boneDensity !== null) return scoreReading(boneDensity);
  return panoramic === null ? null : cortexReading(analysis, panoramic);
}

function lossReading(spine: NonNullable<AnalysisResult['spine']>): ThresholdReading | null {
  const worst = worstVertebra(spine);
  const [largest] = worst === null ? [] : countedLosses(worst);
  if (worst === null || largest === undefined) return null;
  const { lossPercent: value, errorPercent: error } = largest;
  return {
    ...{ measure: 'loss', value, error, worse: 'above', level: worst.level, decimals: 0 },
    limits: GRADE_BOUNDARIES_PERCENT.map((at, index) => ({ at, grade: (index + 1) as 1 | 2 | 3 })),
    ...{ from: 0, to: Math.max(60, Math.ceil((value + 2 * error) / 10) * 10) },
  };
}

function scoreReading(density: NonNullable<AnalysisResult['boneDensity']>): ThresholdReading {
  const { score, limit, isLow } = density;
  const isAbove = score > limit;
  return {
    ...{ measure: 'score', value: score, error: null, level: null, decimals: 2 },
    // The manifest says on which side low density lies; the finding shows it by where this score fell.
    worse: isAbove === isLow ? 'above' : 'below',
    limits: [{ at: limit, grade: null }],
    ...{ from: Math.min(0, score, limit), to: Math.max(1, score, limit) },
  };
}

/** The sign that the film's deciding reason quotes, with the limit that it quotes. */
function cortexReading(
  analysis: AnalysisResult,
  panoramic: NonNullable<AnalysisResult['panoramic']>,
): ThresholdReading | null {
  const sides = panoramic.sides.filter(({ assessable }) => assessable);
  const quoted = quotedLimits(analysis);
  const { magnification, deviceProfile } = panoramic;
  const scale = mmPerPxOf(analysis.spacing, magnification);
  if (quoted.limitMm !== undefined && scale !== null) {
    const shareOfScale = magnification === null ? 0 : (deviceProfile?.uncertainty ?? 0) / magnification;
    const sign = widthSign(sides, scale, quoted.limitMm, shareOfScale);
    if (sign === null) return null;
    const error = meanError(sides, ({ uncertaintyPx }) =>
      uncertaintyPx === null ? null : uncertaintyPx * scale,
    );
    return {
      ...{ measure: 'width', value: sign.mean, decimals: 2, worse: 'below', level: null },
      error: error === null ? null : Math.hypot(error, sign.mean * shareOfScale),
      limits: [{ at: sign.limit, grade: null }],
      ...{ from: 0, to: Math.max(6, Math.ceil(sign.mean + 1)) },
    };
  }
  return quoted.limitClass === undefined ? pmiReading(sides, quoted.limitPmi) : classReading(sides);
}

function pmiReading(
  sides: readonly SideMeasurement[],
  limitPmi = DEFAULT_REFERRAL_POLICY.pmiMin,
): ThresholdReading | null {
  const sign = pmiSign(sides, limitPmi);
  if (sign === null) return null;
  const error = meanError(sides, ({ pmi, widthPx, uncertaintyPx }) =>
    pmi === null || widthPx === null || uncertaintyPx === null ? null : (pmi * uncertaintyPx) / widthPx,
  );
  return {
    ...{ measure: 'pmi', value: sign.mean, error, worse: 'below', level: null },
    // An error that two decimals would write as nothing.
    decimals: error !== null && error < 0.005 ? 3 : 2,
    limits: [{ at: limitPmi, grade: null }],
    ...{ from: 0, to: Math.max(0.5, Math.ceil(sign.mean * 10 + 1) / 10) },
  };
}

function classReading(sides: readonly SideMeasurement[]): ThresholdReading | null {
  const sign = classSign(sides);
  if (sign === null) return null;
  return {
    ...{ measure: 'class', value: sign.mean, error: null, worse: 'above', level: null, decimals: 2 },
    limits: [{ at: CLASS_LIMIT, grade: null }],
    ...{ from: 0, to: 2 },
  };
}

/** One standard error of a mean of independent sides; null where one has none. */
function meanError(
  sides: readonly SideMeasurement[],
  errorOf: (side: SideMeasurement) => number | null,
): number | null {
  const errors = sides.filter(({ widthPx }) => widthPx !== null).map(errorOf);
  if (errors.length === 0 || errors.includes(null)) return null;
  return Math.hypot(...errors.map((error) => error ?? 0)) / errors.length;
}

/** The limits that the first reason with one quotes: what decided stands first. */
function quotedLimits({
  reasons,
}: AnalysisResult): Partial<Record<'limitMm' | 'limitPmi' | 'limitClass', number>> {
  for (const reason of reasons) {
    const values = 'values' in reason ? (reason.values as Readonly<Record<string, unknown>> | null) : null;
    for (const name of ['limitMm', 'limitPmi', 'limitClass'] as const) {
      const limit = values?.[name];
      if (typeof limit === 'number') return { [name]: limit };
    }
  }
  return {};
}
