/** Heights of a vertebral body and what is lost of them, with the errors that follow from the points' own. Pure. */
import { distancePx, type SixPoints } from './body-frame.ts';
import { LEVELS, type Level } from './vertebral-level.ts';

/** A number with one standard error. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/** The three heights of a body in pixels of the film. */
export interface BodyHeights {
  readonly anterior: Estimate;
  readonly middle: Estimate;
  readonly posterior: Estimate;
}

/**
 * The plain distance between the upper and the lower point of each pair, which is what readers measure: it does not
 * change when the picture is turned, and it asks for no vertical axis, which a wedged body does not have.
 */
export function measureHeights(points: SixPoints, errorsPx: SixPoints<number>): BodyHeights {
  return {
    anterior: {
      value: distancePx(points.superiorAnterior, points.inferiorAnterior),
      error: Math.hypot(errorsPx.superiorAnterior, errorsPx.inferiorAnterior),
    },
    middle: {
      value: distancePx(points.superiorMiddle, points.inferiorMiddle),
      error: Math.hypot(errorsPx.superiorMiddle, errorsPx.inferiorMiddle),
    },
    posterior: {
      value: distancePx(points.superiorPosterior, points.inferiorPosterior),
      error: Math.hypot(errorsPx.superiorPosterior, errorsPx.inferiorPosterior),
    },
  };
}

/**
 * 100 (1 - height / whole), the error by the delta method. Negative where the height is the larger one: a body that
 * is taller in front has lost nothing there.
 * @param ratioError relative standard error that the comparison adds by itself
 */
export function lossOf(height: Estimate, whole: Estimate, ratioError = 0): Estimate {
  const ratio = height.value / whole.value;
  const relative = Math.hypot(height.error / height.value, whole.error / whole.value, ratioError);
  return { value: 100 * (1 - ratio), error: 100 * ratio * relative };
}

/**
 * Usual posterior heights in mm; only their ratios count. T11 to L4: means of `body_height_post_*_mm` of 724 to 773
 * people in priors/ctspinopelvic1k_level_gradients.csv (numpy.nanmean of each column). T4 to T10: T11 times the ratio
 * of the means of Panjabi 1991 (Spine 16:888; 16.2 16.2 17.4 18.2 18.7 19.3 20.2, T11 21.3). L5 is nobody's measure:
 * CT (0.97 of L4 over L5) and the labelled films (1.08) disagree on it.
 */
const POSTERIOR_HEIGHTS_MM: Partial<Readonly<Record<Level, number>>> = {
  T4: 20.4,
  T5: 20.4,
  T6: 21.9,
  T7: 22.9,
  T8: 23.5,
  T9: 24.3,
  T10: 25.4,
  T11: 26.8,
  T12: 28.65,
  L1: 30.24,
  L2: 30.48,
  L3: 30.31,
  L4: 29.54,
};

/** Spread of the ratio of two neighbours between people (same file: 0.034 to 0.040 for each pair from T11 to L4). */
const NEIGHBOUR_SPREAD = 0.038;
/** From T4 to L4 the mean growth is 3 % a level, from 0 to 7 %: what is left to say where the level is not known. */
const UNKNOWN_GROWTH = { mean: 1.03, spread: 0.03 } as const;

/** Posterior height of a level for one of another level below it by `steps`; null where a level has no usual height. */
export function usualRatio(
  index: number | null,
  referenceIndex: number | null,
  steps: number,
): Estimate | null {
  const distance = Math.abs(steps);
  const spread = NEIGHBOUR_SPREAD * Math.sqrt(distance);
  if (index === null || referenceIndex === null) {
    const value = UNKNOWN_GROWTH.mean ** -steps;
    return { value, error: Math.hypot(spread, UNKNOWN_GROWTH.spread * distance) };
  }
  const [own, reference] = [index, referenceIndex].map((at) => {
    const level = LEVELS[at];
    return level === undefined ? undefined : POSTERIOR_HEIGHTS_MM[level];
  });
  return own === undefined || reference === undefined ? null : { value: own / reference, error: spread };
}
