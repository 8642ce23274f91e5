import type { SideMeasurement } from '../exam/analysis.ts';

/** Why a side is not believed once the other is seen. */
export type Disagreement = 'sides-disagree';

/** Foramina lie at much the same height on both sides: in 89 films the larger is at most 1.44 times the smaller. */
const HEIGHT_RATIO_MAX = 1.6;
/** The borders mirror each other but for the tilt of the head: their angles add up to 23 degrees at most. */
const MIRROR_ANGLE_MAX = (35 * Math.PI) / 180;
/** About how steep a border is below the foramen, rising distally. */
const USUAL_ANGLE = (12 * Math.PI) / 180;
/** Width over height of the foramen that is hardly that of a cortex, where the other side has quite another one. */
const SHARE_MIN = 0.06;
const SHARE_MAX = 0.45;
const USUAL_SHARE = 0.28;
/** Widths differ when the difference is so many times its own standard error. */
const DIFFERENCE_ERRORS = 4;

interface SideGeometry {
  readonly heightPx: number;
  /** Angle of the border, positive where it rises distally. */
  readonly angle: number;
  readonly widthPx: number;
  readonly errorPx: number;
  readonly confidence: number;
}

/**
 * Compares the two sides of a film. What one of them has that no jaw has beside the other makes that side not
 * assessable, with its numbers kept: foramina at very different heights, borders that are no mirror images, widths
 * that differ far beyond their errors where one is implausible.
 */
export function compareSides(
  right: SideMeasurement,
  left: SideMeasurement,
): readonly [SideMeasurement, SideMeasurement] {
  const [r, l] = [geometryOf(right, 1), geometryOf(left, -1)];
  if (r === null || l === null) return [right, left];
  const doubt = doubtBetween(r, l);
  if (doubt === null) return [right, left];
  return doubt(r) > doubt(l) ? [disbelieve(right), left] : [right, disbelieve(left)];
}

/** How far a side is from what is usual, by the first comparison that fails; null where none does. */
function doubtBetween(r: SideGeometry, l: SideGeometry): ((side: SideGeometry) => number) | null {
  if (Math.abs(Math.log(r.heightPx / l.heightPx)) > Math.log(HEIGHT_RATIO_MAX))
    return ({ confidence }) => -confidence;
  if (Math.abs(r.angle - l.angle) > MIRROR_ANGLE_MAX) return ({ angle }) => Math.abs(angle - USUAL_ANGLE);
  const isApart = Math.abs(r.widthPx - l.widthPx) > DIFFERENCE_ERRORS * Math.hypot(r.errorPx, l.errorPx);
  const isOdd = [r, l].some(
    ({ widthPx, heightPx }) => widthPx < SHARE_MIN * heightPx || widthPx > SHARE_MAX * heightPx,
  );
  if (!isApart || !isOdd) return null;
  return ({ widthPx, heightPx }) => Math.abs(Math.log(widthPx / heightPx / USUAL_SHARE));
}

/** null where a side is not assessable. */
function geometryOf(side: SideMeasurement, distalX: 1 | -1): SideGeometry | null {
  const { assessable, foramenPx, outerPx, innerPx, widthPx, uncertaintyPx, foramenConfidence } = side;
  if (!assessable || foramenPx === null || outerPx === null || innerPx === null) return null;
  if (widthPx === null || uncertaintyPx === null) return null;
  const [inX, inY] = [innerPx[0] - outerPx[0], innerPx[1] - outerPx[1]];
  return {
    heightPx: Math.hypot(foramenPx[0] - outerPx[0], foramenPx[1] - outerPx[1]),
    angle: Math.atan2(distalX * inX, -inY),
    widthPx,
    errorPx: uncertaintyPx,
    confidence: foramenConfidence ?? 0,
  };
}

function disbelieve(side: SideMeasurement): SideMeasurement {
  const reason: Disagreement = 'sides-disagree';
  return { ...side, assessable: false, reason };
}
