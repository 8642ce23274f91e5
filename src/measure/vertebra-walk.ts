/** Where bodies that the finder missed may lie: beyond either end of a chain and in its gaps. Pure. */
import type { PointPx } from '../exam/film.ts';
import { bodyFrame, distancePx, dot, minus, plus, type BodyCorners } from './body-frame.ts';
import { missedBetween, overlap } from './vertebra-chain.ts';

/** A place to look at, and where in the chain a body found there belongs. */
export interface WalkStep {
  readonly corners: BodyCorners;
  /** The new body comes before the one that has this index now. */
  readonly index: number;
  /** A place nearer to the chain: only where nothing is found there is it worth looking so far. */
  readonly nearerPx: PointPx | null;
}

/** Of the turn from body to body the next one shows about as much again; a little less never overshoots. */
const TURN_KEPT = 0.7;
/** Gaps of more than this many bodies are two spines, or none. */
const GAP_MAX = 3;

/**
 * The places next to a chain of at least two bodies, from top to bottom, where one more would have to lie; at each end
 * also the place after that, for what lies between may be crushed beyond recognition.
 */
export function nextSteps(chain: readonly BodyCorners[]): WalkStep[] {
  const steps: WalkStep[] = [];
  const [first, second] = chain;
  const [last, lastButOne] = [chain.at(-1), chain.at(-2)];
  if (first === undefined || second === undefined || last === undefined || lastButOne === undefined)
    return [];
  const above = beyond(second, first);
  steps.push(...pair(above, beyond(first, above), 0));
  chain.forEach((upper, index) => {
    const lower = chain[index + 1];
    if (lower === undefined) return;
    const missed = missedBetween(bodyFrame(upper), bodyFrame(lower));
    if (missed === 0 || missed > GAP_MAX) return;
    // The one nearest to the upper body: what is found there moves the next look closer.
    steps.push({ corners: between(upper, lower, 1 / (missed + 1)), index: index + 1, nearerPx: null });
  });
  const below = beyond(lastButOne, last);
  steps.push(...pair(below, beyond(last, below), chain.length));
  return steps;
}

function pair(near: BodyCorners, far: BodyCorners, index: number): readonly WalkStep[] {
  return [
    { corners: near, index, nearerPx: null },
    { corners: far, index, nearerPx: bodyFrame(near).centrePx },
  ];
}

/** Whether a body that was read at a step fits into the chain there. */
export function fitsChain(
  chain: readonly BodyCorners[],
  { index, nearerPx }: WalkStep,
  found: BodyCorners,
): boolean {
  const own = bodyFrame(found);
  if (chain.some((other) => overlap(bodyFrame(other), own))) return false;
  const neighbours = [chain[index - 1], chain[index]].flatMap((corners) =>
    corners === undefined ? [] : [bodyFrame(corners)],
  );
  return neighbours.every((other) => {
    const growth = Math.abs(Math.log(own.widthPx / other.widthPx));
    const pitches = distancePx(own.centrePx, other.centrePx) / Math.max(own.heightPx, other.heightPx);
    return (
      growth < GROWTH_MAX &&
      pitches < PITCHES_MAX + (nearerPx === null ? 0 : 1) &&
      dot(own.downward, other.downward) > TURN_COSINE_MIN
    );
  });
}

const GROWTH_MAX = 0.35;
const PITCHES_MAX = 1.9;
const TURN_COSINE_MIN = 0.75;

/** The body after `near`, as far from it as it is from `far`, turned as much again. */
function beyond(far: BodyCorners, near: BodyCorners): BodyCorners {
  const [from, at] = [bodyFrame(far), bodyFrame(near)];
  const turn = TURN_KEPT * angleBetween(from.downward, at.downward);
  const step = rotated(minus(at.centrePx, from.centrePx), turn);
  return mapped(near, (corner) => plus(plus(at.centrePx, step), rotated(minus(corner, at.centrePx), turn)));
}

function between(upper: BodyCorners, lower: BodyCorners, share: number): BodyCorners {
  const mixed = (a: PointPx, b: PointPx): PointPx => [
    a[0] + (b[0] - a[0]) * share,
    a[1] + (b[1] - a[1]) * share,
  ];
  return {
    superiorAnterior: mixed(upper.superiorAnterior, lower.superiorAnterior),
    superiorPosterior: mixed(upper.superiorPosterior, lower.superiorPosterior),
    inferiorAnterior: mixed(upper.inferiorAnterior, lower.inferiorAnterior),
    inferiorPosterior: mixed(upper.inferiorPosterior, lower.inferiorPosterior),
  };
}

function mapped(corners: BodyCorners, place: (corner: PointPx) => PointPx): BodyCorners {
  return {
    superiorAnterior: place(corners.superiorAnterior),
    superiorPosterior: place(corners.superiorPosterior),
    inferiorAnterior: place(corners.inferiorAnterior),
    inferiorPosterior: place(corners.inferiorPosterior),
  };
}

/** Radians from a to b. */
function angleBetween(a: PointPx, b: PointPx): number {
  return Math.atan2(a[0] * b[1] - a[1] * b[0], dot(a, b));
}

function rotated([x, y]: PointPx, angle: number): PointPx {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return [cosine * x - sine * y, sine * x + cosine * y];
}
