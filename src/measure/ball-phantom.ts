/** The balls of a calibration phantom: found and measured to a fraction of a pixel. Pure. */
import type { Film, PointPx } from '../exam/film.ts';
import { type BrightObject, findBrightObjects } from './bright-objects.ts';
import { type BallAxis, type BallGuess, fitBallAxis } from './ball-profile.ts';
import { type PassedOver, PHANTOM_MAGNIFICATION, PHANTOM_PIXELS_MIN } from './phantom-object.ts';

/** One ball. Pixels of the film. */
export interface MeasuredBall {
  readonly centerPx: PointPx;
  readonly verticalPx: number;
  readonly horizontalPx: number;
  /** One standard error of the vertical diameter, from the fit. */
  readonly verticalErrorPx: number;
  /** Its middle is white through and through: such a diameter is good to about 1 %. */
  readonly isClipped: boolean;
}

/** What a film of balls shows. */
export interface BallReading {
  /** From left to right. */
  readonly balls: readonly MeasuredBall[];
  readonly passedOver: readonly PassedOver[];
}

/** A half-bright outline is this much of the true radius, about. */
const OUTLINE_SHARE = 0.95;
/** Wider or narrower than high by more is no ball near the layer that the device shows sharply. */
const ASPECT_MAX = 1.6;
const ELLIPSE_SHARE_MIN = 0.93;
/** Of its bounding box a circle fills pi / 4. */
const [FILL_MIN, FILL_MAX] = [0.66, 0.88];
const EXPLAINED_MIN = 0.95;
/** A radius that is known no better is no measure: the ball is wholly white, say. */
const ERROR_SHARE_MAX = 0.005;

/**
 * Measures all balls of one diameter.
 * @param ballPx diameter that the ball would have on the film if nothing were magnified
 * Returns nothing found where such a ball would have too few pixels.
 */
export function measureBalls(film: Film, ballPx: number): BallReading {
  const { least, most } = PHANTOM_MAGNIFICATION;
  const sizes = { leastPx: ballPx * least, mostPx: ballPx * most };
  if (sizes.leastPx < PHANTOM_PIXELS_MIN) return { balls: [], passedOver: [] };
  const balls: MeasuredBall[] = [];
  const passedOver: PassedOver[] = [];
  for (const object of findBrightObjects(film, sizes)) {
    const problem = problemOf(object, sizes.leastPx, sizes.mostPx);
    if (problem === 'other') continue;
    const measured = problem ?? measureBall(film, object);
    if (typeof measured === 'string') passedOver.push({ centerPx: object.centerPx, problem: measured });
    else if (isWithin(measured.verticalPx, sizes.leastPx, sizes.mostPx)) balls.push(measured);
    else passedOver.push({ centerPx: object.centerPx, problem: 'of-another-size' });
  }
  return { balls: balls.sort((a, b) => a.centerPx[0] - b.centerPx[0]), passedOver };
}

/** What is plainly no ball of this size is not worth a word (`other`): grain, letters, a jaw. */
function problemOf(
  object: BrightObject,
  leastPx: number,
  mostPx: number,
): PassedOver['problem'] | 'other' | null {
  const { columns, rows, areaPx, ellipseShare, isCutOff } = object;
  if (areaPx < 0.3 * leastPx ** 2 || Math.min(columns, rows) > mostPx || areaPx > 2 * mostPx ** 2)
    return 'other';
  if (isCutOff) return Math.max(columns, rows) > 1.2 * mostPx ? 'other' : 'cut-off';
  const isRound = ellipseShare > ELLIPSE_SHARE_MIN && isWithin(areaPx / (columns * rows), FILL_MIN, FILL_MAX);
  if (!isRound || !isWithin(columns / rows, 1 / ASPECT_MAX, ASPECT_MAX)) return 'not-round';
  return isWithin(rows, 0.85 * leastPx, 1.15 * mostPx) ? null : 'of-another-size';
}

function measureBall(film: Film, object: BrightObject): MeasuredBall | 'edge-unclear' {
  const [heightPx, widthPx] = [object.rows / 2 / OUTLINE_SHARE, object.columns / 2 / OUTLINE_SHARE];
  const first = fitBoth(film, object.centerPx, { radiusPx: heightPx }, { radiusPx: widthPx });
  if (first === null) return 'edge-unclear';
  // Once more: the samples beside an axis know now how wide the ball is.
  const center = [first.horizontal.centerPx, first.vertical.centerPx] as const;
  const settled = fitBoth(film, center, first.vertical, first.horizontal);
  if (settled === null) return 'edge-unclear';
  const { vertical, horizontal } = settled;
  const isClear = Math.min(vertical.explained, horizontal.explained) > EXPLAINED_MIN;
  if (!isClear || vertical.errorPx > ERROR_SHARE_MAX * vertical.radiusPx) return 'edge-unclear';
  return {
    centerPx: [horizontal.centerPx, vertical.centerPx],
    verticalPx: 2 * vertical.radiusPx,
    horizontalPx: 2 * horizontal.radiusPx,
    verticalErrorPx: 2 * vertical.errorPx,
    isClipped: vertical.isClipped,
  };
}

type RadiusGuess = Pick<BallAxis, 'radiusPx'> & Partial<Pick<BallAxis, 'density'>>;

function fitBoth(
  film: Film,
  centerPx: PointPx,
  down: RadiusGuess,
  across: RadiusGuess,
): { readonly vertical: BallAxis; readonly horizontal: BallAxis } | null {
  const guess = (one: RadiusGuess, other: RadiusGuess): BallGuess => ({
    centerPx,
    radiusAlongPx: one.radiusPx,
    radiusAcrossPx: other.radiusPx,
    density: one.density ?? null,
  });
  const vertical = fitBallAxis(film, guess(down, across), 'vertical');
  const horizontal = fitBallAxis(film, guess(across, down), 'horizontal');
  return vertical === null || horizontal === null ? null : { vertical, horizontal };
}

function isWithin(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}
