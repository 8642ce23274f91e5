/** The vertebrae that a spine has here, from the top. */
export const LEVELS = [
  'T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9', 'T10', 'T11', 'T12', 'L1', 'L2', 'L3', 'L4', 'L5',
] as const; // prettier-ignore

/** The name of a vertebra. */
export type Level = (typeof LEVELS)[number];

/** The mean size of a level, its spread between people, and how often it is deformed. */
export interface LevelSize {
  /** Posterior height in mm of a woman and of a man. */
  readonly heightMm: readonly [number, number];
  /** Width from side to side in mm of a woman and of a man. */
  readonly widthMm: readonly [number, number];
  /** Anterior over posterior height of a sound body: mean and standard deviation. */
  readonly wedge: readonly [number, number];
  /** Height in mm of the disc below. */
  readonly discMm: number;
  /** Tilt in degrees of the body in a person of mean curves; positive when the front is lower. */
  readonly tiltDegrees: number;
  /** Weight of the level among deformed vertebrae. */
  readonly deformedWeight: number;
}

/** Standard deviation between people of all heights together, and of one level beside its neighbours (fractions). */
export const HEIGHT_SPREAD = { person: 0.07, level: 0.022 } as const;
/** The same of the widths. */
export const WIDTH_SPREAD = { person: 0.075, level: 0.03 } as const;

function size(
  heightMm: readonly [number, number],
  widthMm: readonly [number, number],
  wedge: readonly [number, number],
  discMm: number,
  tiltDegrees: number,
  deformedWeight: number,
): LevelSize {
  return { heightMm, widthMm, wedge, discMm, tiltDegrees, deformedWeight };
}

/**
 * T11 to L5: medians of `body_height_post_*_mm` and `endplate_width_*_mm` by sex of 802 people in
 * `priors/ctspinopelvic1k_level_gradients.csv`; discs: medians of `disc_height_*_mm` of `ctspinopelvic1k_degenerative.csv`
 * (both by numpy.median of the column); weights: grades above 0 by level in `verse19_genant_manifest.csv`. T1 to T10: published means,
 * falling smoothly from T11. The ratios of the heights lie between the CT's (anterior over posterior, with lips) and
 * those of the hand labels on lateral films.
 */
export const LEVEL_SIZES: Readonly<Record<Level, LevelSize>> = {
  T1: size([16.2, 17.2], [27, 30], [0.97, 0.03], 3.6, 29, 0),
  T2: size([16.8, 17.9], [27, 30], [0.97, 0.03], 3.4, 26, 0),
  T3: size([17.2, 18.4], [26.5, 29.5], [0.96, 0.03], 3.4, 22, 0),
  T4: size([17.7, 19], [26.5, 29.5], [0.95, 0.035], 3.6, 18, 5),
  T5: size([18.3, 19.7], [26.8, 30], [0.945, 0.04], 3.8, 13, 7),
  T6: size([19, 20.5], [27.3, 31], [0.935, 0.045], 4.1, 8, 9),
  T7: size([19.7, 21.3], [28.2, 32.2], [0.93, 0.045], 4.4, 3, 14),
  T8: size([20.6, 22.3], [29.3, 33.8], [0.93, 0.045], 4.7, -3, 13),
  T9: size([21.8, 23.6], [30.6, 35.5], [0.94, 0.04], 5, -8, 13),
  T10: size([23.4, 25.5], [32.3, 37.6], [0.94, 0.04], 5.6, -13, 9),
  T11: size([25.6, 28], [34.7, 40.5], [0.925, 0.045], 6.4, -16, 14),
  T12: size([27.2, 29.6], [37.2, 43.7], [0.915, 0.045], 7.4, -17, 28),
  L1: size([28.8, 31.2], [38.2, 44.1], [0.91, 0.045], 8.6, -14, 47),
  L2: size([29.6, 31.2], [39.3, 45.2], [0.945, 0.045], 9.6, -9, 37),
  L3: size([28.8, 31.2], [41.4, 48], [0.985, 0.045], 10.2, -2, 30),
  L4: size([28.8, 30.4], [44.5, 50.5], [1.03, 0.05], 10.4, 7, 28),
  L5: size([28, 29.8], [47.5, 54.5], [1.13, 0.06], 9.6, 20, 0),
};

/** Whether a level bears ribs. */
export function isThoracic(level: Level): boolean {
  return level.startsWith('T');
}
