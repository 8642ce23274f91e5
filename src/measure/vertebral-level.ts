/**
 * Level names by maximum likelihood over the shift of the chain. Transitional vertebrae (four or six lumbar bodies, in
 * about one person of ten) cannot be told from the film: a count from the sacrum is never surer than that. Pure.
 */
import type { ViewName } from '../exam/analysis.ts';
import { bodyFrame, dot, minus } from './body-frame.ts';
import type { FoundBody, FoundSpine } from './found-spine.ts';
import { missedBetween, PITCH_USUAL } from './vertebra-chain.ts';

/** Every level that has a name here, from the top. */
export const LEVELS = [
  'T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9', 'T10', 'T11', 'T12', 'L1', 'L2', 'L3', 'L4', 'L5',
] as const; // prettier-ignore

/** The name of a level. */
export type Level = (typeof LEVELS)[number];

/** The names of a chain's bodies, from the top. */
export interface LevelNames {
  /** Place of each body in the chain, missed ones counted; place + topIndex is its index in LEVELS. */
  readonly places: readonly number[];
  /** The index in LEVELS of place 0; null where the levels are only relative. */
  readonly topIndex: number | null;
  /** Posterior probability of the naming; null where the levels are only relative. */
  readonly confidence: number | null;
}

/** Below this more speaks against a naming than for it, and the names are V1, V2 ... */
const CONFIDENCE_MIN = 0.5;
/** Share of people with five lumbar bodies and none in between: what every count takes for granted. */
const USUAL_SPINES = 0.9;
const FIRST_LUMBAR = LEVELS.indexOf('L1');
const LAST = LEVELS.length - 1;

/** Names the bodies of a chain. */
export function nameLevels(spine: FoundSpine, view: ViewName): LevelNames {
  const places = placesOf(spine.bodies);
  // No lateral chest film reaches the sacrum; what looks like it there is another endplate.
  const seen = view === 'chest-lateral' ? { ...spine, sacrum: null } : spine;
  const bottom = places.at(-1) ?? 0;
  const shifts = LEVELS.map((_, top) => top).filter((top) => top + bottom <= LAST);
  const scores = shifts.map(
    (top) =>
      Math.log(priorOfLowest(top + bottom, view)) +
      sacrumLikelihood(seen, top + bottom) +
      ribLikelihood(spine.bodies, places, top),
  );
  const highest = Math.max(...scores);
  const whole = scores.reduce((sum, score) => sum + Math.exp(score - highest), 0);
  const confidence = USUAL_SPINES / whole;
  if (!(confidence >= CONFIDENCE_MIN)) return { places, topIndex: null, confidence: null };
  return { places, topIndex: shifts[scores.indexOf(highest)] ?? null, confidence };
}

/** Place of each body in a chain from the top, missed ones counted. */
export function placesOf(bodies: readonly FoundBody[]): number[] {
  const places: number[] = [];
  bodies.forEach((body, index) => {
    const above = bodies[index - 1];
    if (above === undefined) return places.push(0);
    const missed = missedBetween(bodyFrame(above.pointsPx), bodyFrame(body.pointsPx));
    return places.push((places[index - 1] ?? 0) + 1 + missed);
  });
  return places;
}

/**
 * How often the lowest body found is this one before anything is seen. Films of the lumbar spine end at L5, now and
 * then at L4 where L5 lies behind the pelvis; a lateral chest film ends anywhere below the middle of the chest.
 */
function priorOfLowest(index: number, view: ViewName): number {
  const level = LEVELS[index];
  if (view === 'chest-lateral')
    return index >= LEVELS.indexOf('T8') && index <= FIRST_LUMBAR + 1 ? 0.1 : 0.02;
  if (level === 'L5') return 0.6;
  if (level === 'L4') return 0.15;
  return index >= FIRST_LUMBAR ? 0.05 : 0.015;
}

/** From a body's centre to the upper endplate of the next: half a body and a disc, in heights. */
const CENTRE_TO_NEXT = 0.75;

/** The body above S1 is L5; a lower body that was missed is told by the distance. */
function sacrumLikelihood({ sacrum, bodies }: FoundSpine, lowestIndex: number): number {
  const lowest = bodies.at(-1);
  if (sacrum === null || lowest === undefined) return 0;
  const { centrePx, downward, heightPx } = bodyFrame(lowest.pointsPx);
  const heights = dot(minus(sacrum.point, centrePx), downward) / heightPx;
  const missed = Math.max(0, Math.round((heights - CENTRE_TO_NEXT) / PITCH_USUAL));
  const off = Math.abs(lowestIndex - (LAST - missed));
  const ifSeen = off === 0 ? 0.9 : off === 1 ? 0.045 : 0.01 / LEVELS.length;
  return Math.log(sacrum.confidence * ifSeen + (1 - sacrum.confidence) / LEVELS.length);
}

/** Crops of one film err together, so their word counts less than that of independent witnesses. */
const RIB_WEIGHT = 0.6;
const RIB_PROBABILITY_MIN = 0.03;

/** T12 is the last that bears ribs. */
function ribLikelihood(bodies: readonly FoundBody[], places: readonly number[], top: number): number {
  return bodies.reduce((sum, { thoracic, isClear }, index) => {
    if (!isClear) return sum;
    const ribs = Math.min(1 - RIB_PROBABILITY_MIN, Math.max(RIB_PROBABILITY_MIN, thoracic));
    const isThoracic = top + (places[index] ?? 0) < FIRST_LUMBAR;
    return sum + RIB_WEIGHT * Math.log(isThoracic ? ribs : 1 - ribs);
  }, 0);
}
