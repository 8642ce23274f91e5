/** The signs of a thin cortex that the referral policy goes by: mean width, mean PMI, Klemetti's class. Pure. */
import type { SideMeasurement } from '../exam/analysis.ts';

/** A sign over the measured sides, and the limit beyond which it speaks for a referral. */
export interface ThinCortexSign {
  readonly name: 'width' | 'pmi' | 'class';
  /** Millimetres, a ratio, or a place on Klemetti's scale: 0 is C1, 1 is C2, 2 is C3. */
  readonly mean: number;
  readonly limit: number;
  /** How far beyond the limit, in units of the sign's own spread; 0 at the limit, negative on the sound side. */
  readonly excess: number;
  /** Strictly beyond its limit. */
  readonly isBeyond: boolean;
  /** Within one standard error of the limit. */
  readonly isNear: boolean;
}

/** Widths this much apart (a micrometre or less) are the same: a sum of doubles is not strictly below 3.0. */
const DECIMALS_COMPARED = 4;

/** About the spread of each in the population (PMI: SD 0.04, Benson 1991); the class has half a class. */
const SPREAD_MM = 0.5;
const SPREAD_PMI = 0.04;
const SPREAD_CLASS = 0.5;

/** Nearer to C3 than to C2 on average; a class alone never says more than "clearly porous" (Klemetti 1994). */
export const CLASS_LIMIT = 1.5;

interface Reading {
  readonly value: number;
  /** One standard error; null where there is none. */
  readonly error: number | null;
}

/**
 * Mean cortical width of the sides, `scale` in millimetres a pixel.
 * @param scaleErrorShare one standard error of the scale as a share of it; it is one and the same on both sides
 */
export function widthSign(
  sides: readonly SideMeasurement[],
  scale: number,
  limitMm: number,
  scaleErrorShare: number,
): ThinCortexSign | null {
  const readings = sides.flatMap(({ widthPx, uncertaintyPx }): Reading[] =>
    isPositive(widthPx)
      ? [{ value: widthPx * scale, error: uncertaintyPx === null ? null : uncertaintyPx * scale }]
      : [],
  );
  return signOf('width', readings, limitMm, -SPREAD_MM, scaleErrorShare);
}

/** Mean panoramic mandibular index; the width is the uncertain part of the ratio, so its relative error is taken over. */
export function pmiSign(sides: readonly SideMeasurement[], limit: number): ThinCortexSign | null {
  const readings = sides.flatMap(({ pmi, widthPx, uncertaintyPx }): Reading[] =>
    isPositive(pmi) && isPositive(widthPx)
      ? [{ value: pmi, error: uncertaintyPx === null ? null : (pmi * uncertaintyPx) / widthPx }]
      : [],
  );
  return signOf('pmi', readings, limit, -SPREAD_PMI);
}

/** Mean place on Klemetti's scale by the probabilities of the classes. */
export function classSign(sides: readonly SideMeasurement[]): ThinCortexSign | null {
  const readings = sides.flatMap(({ mci }): Reading[] => {
    if (mci === null) return [];
    const { C2, C3 } = mci.probabilities;
    const value = C2 + 2 * C3;
    return [{ value, error: Math.sqrt(Math.max(0, C2 + 4 * C3 - value * value)) }];
  });
  return signOf('class', readings, CLASS_LIMIT, SPREAD_CLASS);
}

/**
 * A score for sorting the worklist, 0 to 1: logistic in the excess of the sign that decides, moved by the mean of the
 * others (each saturated) as far as the deciding sign is away from its limit. So it is one half exactly where the
 * decision turns, never falls when any sign gets worse, and no support turns a decision round. It is not a
 * probability of disease: nothing here was fitted to bone density.
 */
export function thinCortexScore(
  deciding: readonly ThinCortexSign[],
  others: readonly ThinCortexSign[],
): number {
  const excesses = deciding.map(({ excess }) => excess);
  const leading = Math.max(...excesses);
  // Of several signs that decide the worst does, and the others stand with those that only support.
  const worst = excesses.indexOf(leading);
  const supporting = [
    ...excesses.filter((_, index) => index !== worst),
    ...others.map(({ excess }) => excess),
  ];
  const support =
    supporting.reduce((sum, excess) => sum + Math.tanh(excess), 0) / Math.max(1, supporting.length);
  return 1 / (1 + Math.exp(-(leading + 0.5 * support * Math.tanh(Math.abs(leading)))));
}

/**
 * The number that a text quotes beside its limit: two decimals that never contradict the decision, so that
 * 2.996 is not written as 3.00 and called below 3.0.
 */
export function quotedBesideLimit({ mean, limit, isBeyond, name }: ThinCortexSign): number {
  const rounded = Math.round(mean * 100) / 100;
  if (!isBeyond) return rounded;
  return name === 'class' ? Math.max(rounded, limit + 0.01) : Math.min(rounded, limit - 0.01);
}

/** @param spread positive where more is worse, negative where less is */
function signOf(
  name: ThinCortexSign['name'],
  readings: readonly Reading[],
  limit: number,
  spread: number,
  commonErrorShare = 0,
): ThinCortexSign | null {
  if (readings.length === 0) return null;
  const mean = readings.reduce((sum, { value }) => sum + value, 0) / readings.length;
  let variance: number | null = 0;
  for (const { error } of readings) {
    variance = variance === null || error === null ? null : variance + error * error;
  }
  const standardError =
    variance === null ? null : Math.hypot(Math.sqrt(variance) / readings.length, mean * commonErrorShare);
  const distance = Number((mean - limit).toFixed(DECIMALS_COMPARED));
  return {
    name,
    mean,
    limit,
    excess: (mean - limit) / spread,
    isBeyond: distance / spread > 0,
    isNear: standardError !== null && Math.abs(mean - limit) <= standardError,
  };
}

/** Whether a measured value is there and makes sense. */
export function isPositive(value: number | null): value is number {
  return value !== null && Number.isFinite(value) && value > 0;
}
