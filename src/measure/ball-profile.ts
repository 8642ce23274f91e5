/**
 * Where the edge of a ball lies in its image. Half of the brightness is not it: towards its rim a ball is ever thinner,
 * so that the rim shows late where little is absorbed, and early where the middle is saturated. So the image of a ball
 * is fitted as a whole: absorption along the chord, a blur, a background that rises or falls. Pure.
 */
import type { Film, PointPx } from '../exam/film.ts';
import { fitLeastSquares } from './least-squares.ts';

/** The image of a ball along one axis. */
export interface BallAxis {
  readonly centerPx: number;
  readonly radiusPx: number;
  /** One standard error of the radius. */
  readonly errorPx: number;
  readonly density: number;
  /** Share of the variance that the fitted image explains: 1 for a ball and no noise. */
  readonly explained: number;
  /** Whether its middle is at the top of the scale, so that the rim alone is measured. */
  readonly isClipped: boolean;
}

/** Where the ball is about. */
export interface BallGuess {
  readonly centerPx: PointPx;
  readonly radiusAlongPx: number;
  readonly radiusAcrossPx: number;
  /** How much is absorbed in the middle, as an exponent; null where nothing is known of it. */
  readonly density: number | null;
}

/** Samples reach this far out along the axis and to its sides, in radii. */
const REACH_ALONG = 1.45;
const REACH_ACROSS = 0.45;
const [SAMPLES_FIRST, SAMPLES_MAX] = [800, 2_500];
/** Values at one end of the scale in this share of the samples are clipped there. */
const CLIPPED_SHARE = 0.02;
const [DENSITY_MIN, DENSITY_MAX, BLUR_PX_MIN] = [0.02, 40, 0.3];
/** Seven parameters are drawn to what is usual, ever so little: white balls and black backgrounds leave them open. */
const [PULL, PULLED] = [0.03, 7];
/** A blur is followed this many times its own width. */
const BLURS_OUTWARDS = 4;
/** Densities that a fit starts from: a light ball, one of steel. */
const DENSITIES_TRIED = [1, 6];

interface Samples {
  /** From the guessed centre, in pixels. */
  readonly along: Float64Array;
  /** In radii. */
  readonly across: Float64Array;
  readonly values: Float64Array;
  /** Nothing is brighter; Infinity where nothing is clipped. */
  readonly ceiling: number;
  /** Nothing is darker; -Infinity where nothing is clipped. */
  readonly floor: number;
  readonly low: number;
  readonly high: number;
}

/** Fits the ball along the columns (`vertical`) or the rows; null where nothing fits. */
export function fitBallAxis(film: Film, guess: BallGuess, axis: 'vertical' | 'horizontal'): BallAxis | null {
  const samples = takeSamples(film, guess, axis);
  if (samples.values.length < 40 || samples.high <= samples.low) return null;
  const fits = (guess.density === null ? DENSITIES_TRIED : [guess.density]).map((density) =>
    fitLeastSquares(
      (parameters) => residualsOf(samples, parameters),
      [0, guess.radiusAlongPx, Math.log(density), Math.log(1.2), Math.log(1.1), 0, 0, 0, 0],
    ),
  );
  const fitted = fits.reduce((best, fit) => (fit.squares < best.squares ? fit : best));
  const [center = 0, radiusPx = 0, density = 0] = fitted.parameters;
  const errorPx = fitted.standardErrors[1] ?? Infinity;
  const isNear = Math.abs(center) < guess.radiusAlongPx && Math.abs(radiusPx / guess.radiusAlongPx - 1) < 0.5;
  if (!isNear || !Number.isFinite(errorPx)) return null;
  const centerPx = guess.centerPx[axis === 'vertical' ? 1 : 0] + center;
  const explained = 1 - fitted.squares / squaresAboutMean(samples);
  return {
    centerPx,
    radiusPx,
    errorPx,
    density: densityOf(density),
    explained,
    isClipped: samples.ceiling < Infinity,
  };
}

function takeSamples(film: Film, guess: BallGuess, axis: 'vertical' | 'horizontal'): Samples {
  const isVertical = axis === 'vertical';
  const [centerX, centerY] = guess.centerPx;
  const [middle, aside] = isVertical ? [centerY, centerX] : [centerX, centerY];
  const [length, breadth] = isVertical ? [film.rows, film.columns] : [film.columns, film.rows];
  const { radiusAlongPx, radiusAcrossPx } = guess;
  const [first, last] = [middle - REACH_ALONG * radiusAlongPx, middle + REACH_ALONG * radiusAlongPx];
  const half = REACH_ACROSS * radiusAcrossPx;
  const count = Math.max(1, (last - first) * 2 * half);
  // A large ball has more pixels than its edge needs; lines beside each other are left out, not parts of lines.
  const step = Math.max(1, Math.round(count / (guess.density === null ? SAMPLES_FIRST : SAMPLES_MAX)));
  const [along, across, values]: number[][] = [[], [], []];
  for (let j = Math.max(0, Math.ceil(aside - half)); j <= Math.min(breadth - 1, aside + half); j += step) {
    for (let i = Math.max(0, Math.ceil(first)); i <= Math.min(length - 1, last); i++) {
      const at = isVertical ? i * film.columns + j : j * film.columns + i;
      along?.push(i - middle);
      across?.push((j - aside) / radiusAcrossPx);
      values?.push(film.values[film.samples[at] ?? 0] ?? 0);
    }
  }
  const sorted = Float64Array.from(values ?? []).sort();
  const [bottom, top] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  const isClippedAt = (end: number): boolean =>
    sorted.filter((value) => value === end).length > CLIPPED_SHARE * sorted.length;
  return {
    along: Float64Array.from(along ?? []),
    across: Float64Array.from(across ?? []),
    values: Float64Array.from(values ?? []),
    ceiling: isClippedAt(top) ? top : Infinity,
    floor: isClippedAt(bottom) ? bottom : -Infinity,
    low: sorted[Math.floor(0.1 * sorted.length)] ?? 0,
    high: sorted[Math.floor(0.9 * sorted.length)] ?? 0,
  };
}

/** Parameters: centre, radius, logarithms of density, blur and height, background, its two slopes and its bow. */
function residualsOf(samples: Samples, parameters: readonly number[]): Float64Array {
  const [center = 0, radius = 1, density = 0, blur = 0, height = 0, ...background] = parameters;
  const [base = 0, tilt = 0, lean = 0, bow = 0] = background;
  const { along, across, values, ceiling, floor, low, high } = samples;
  const contrast = high - low;
  const radiusPx = Math.max(1, Math.abs(radius));
  const table = imageOfBall(
    radiusPx,
    densityOf(density),
    Math.min(Math.max(Math.exp(blur), BLUR_PX_MIN), radiusPx / 3),
  );
  const peak = Math.exp(Math.min(height, 6)) * contrast;
  const residuals = new Float64Array(values.length + PULLED);
  const pulled = [density - Math.log(4), blur - Math.log(1.5), height, base, tilt, lean, bow];
  residuals.set(
    pulled.map((value) => value * PULL),
    values.length,
  );
  for (let i = 0; i < values.length; i++) {
    const place = ((along[i] ?? 0) - center) / radiusPx;
    const aside = across[i] ?? 0;
    const ground = low + contrast * (base + tilt * place + lean * aside + bow * place ** 2);
    const image = ground + peak * table(Math.hypot(place, aside));
    residuals[i] = (Math.max(Math.min(image, ceiling), floor) - (values[i] ?? 0)) / contrast;
  }
  return residuals;
}

function densityOf(logarithm: number): number {
  return Math.min(Math.max(Math.exp(logarithm), DENSITY_MIN), DENSITY_MAX);
}

/**
 * The blurred image of a ball by the distance from its centre in radii. By the angle at which a ray meets the ball the
 * integral of the blur is smooth up to the rim, so that no step of a fit goes astray on the grain of a sum.
 */
function imageOfBall(radiusPx: number, density: number, blurPx: number): (radii: number) => number {
  const full = 1 - Math.exp(-density);
  const count = 2 * Math.ceil((Math.PI * radiusPx) / blurPx);
  const rays = Array.from({ length: count }, (_, i) => {
    const angle = ((i + 0.5) / count - 0.5) * Math.PI;
    const weight = ((Math.PI / count) * radiusPx * Math.cos(angle)) / (blurPx * Math.sqrt(2 * Math.PI));
    const absorbed = (1 - Math.exp(-density * Math.cos(angle))) / full;
    return { atPx: radiusPx * Math.sin(angle), share: weight * absorbed };
  });
  // A blur in the plane draws a round edge inwards against the blur of a straight one.
  const inwardsPx = blurPx ** 2 / (2 * radiusPx);
  const stepPx = blurPx / 10;
  const lengthPx = Math.min(1.6 * radiusPx, radiusPx + BLURS_OUTWARDS * blurPx);
  const table = new Float64Array(Math.ceil(lengthPx / stepPx) + 2);
  let first = 0;
  for (let entry = 0; entry < table.length; entry++) {
    const placePx = entry * stepPx + inwardsPx;
    while (first < count && (rays[first]?.atPx ?? 0) < placePx - BLURS_OUTWARDS * blurPx) first++;
    let sum = 0;
    for (let i = first; i < count; i++) {
      const { atPx, share } = rays[i] ?? { atPx: Infinity, share: 0 };
      const deviation = (atPx - placePx) / blurPx;
      if (deviation > BLURS_OUTWARDS) break;
      sum += share * Math.exp(-(deviation ** 2) / 2);
    }
    table[entry] = sum;
  }
  const perRadius = radiusPx / stepPx;
  return (radii) => {
    const at = radii * perRadius;
    const entry = Math.floor(at);
    const [here = 0, next = 0] = [table[entry], table[entry + 1]];
    return here + (next - here) * (at - entry);
  };
}

function squaresAboutMean({ values, low, high }: Samples): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + ((value - mean) / (high - low)) ** 2, 0);
}
