/** What follows from the points that a person set on a side of a panoramic film. Pure. */
import type { ReportedSide, Side, SideMeasurement } from '../exam/analysis.ts';
import type { SideCorrection, SidePoint } from '../exam/correction.ts';
import type { PointPx } from '../exam/film.ts';
import { distancePx, minus, plus } from './body-frame.ts';

/** Why a side that a person set aside is not measured. */
const SIDE_SET_ASIDE = 'side-set-aside';
/** A side's points are incomplete: a border or a margin that nobody placed. */
const INCOMPLETE = 'margin-unclear';

/**
 * The points of a measured side as a person finds them. The result holds no point on the lower margin of the foramen:
 * it lies where the index says, on the perpendicular through the border.
 */
export function sidePointsOf(side: SideMeasurement): SideCorrection {
  const { outerPx, innerPx, foramenPx, widthPx, pmi, assessable } = side;
  return {
    side: side.side,
    assessable,
    outerPx,
    innerPx,
    foramenPx,
    foramenMarginPx:
      outerPx === null || innerPx === null || widthPx === null || pmi === null || widthPx === 0
        ? null
        : alongLine(outerPx, innerPx, widthPx / pmi),
  };
}

/** The same points with one of them moved; the lower margin of the foramen goes with its centre. */
export function moveSidePoint(points: SideCorrection, name: SidePoint, to: PointPx): SideCorrection {
  const moved = { ...points, [name]: to };
  const { foramenPx, foramenMarginPx } = points;
  if (name !== 'foramenPx' || foramenPx === null || foramenMarginPx === null) return moved;
  return { ...moved, foramenMarginPx: plus(foramenMarginPx, minus(to, foramenPx)) };
}

/**
 * A side by a person's points: the width is the distance from the border to the margin, the index its share of the
 * distance from the border to the lower margin of the foramen. What no moved point touches stays as it was measured, to
 * the last digit. A moved border or margin takes the stated error, the rival margin and the widths beside with it: they
 * spoke of the measured ones. Klemetti's class stays; nobody read it anew.
 */
export function correctSide(measured: SideMeasurement, points: SideCorrection): SideMeasurement {
  const before = sidePointsOf(measured);
  const { outerPx, innerPx, foramenPx, foramenMarginPx } = points;
  const placed = { foramenPx, outerPx, innerPx };
  if (!points.assessable) return { ...measured, assessable: false, reason: SIDE_SET_ASIDE };
  if (outerPx === null || innerPx === null)
    return { ...measured, ...placed, assessable: false, reason: measured.reason ?? INCOMPLETE };
  const isSame = samePoint(outerPx, before.outerPx) && samePoint(innerPx, before.innerPx);
  const widthPx = isSame && measured.widthPx !== null ? measured.widthPx : distancePx(outerPx, innerPx);
  const isSameIndex = isSame && samePoint(foramenMarginPx, before.foramenMarginPx);
  return {
    ...measured,
    ...placed,
    assessable: true,
    reason: null,
    widthPx,
    pmi: isSameIndex ? measured.pmi : indexOf(widthPx, outerPx, foramenMarginPx),
    foramenConfidence: samePoint(foramenPx, before.foramenPx) ? measured.foramenConfidence : 1,
    ...(isSame ? {} : { uncertaintyPx: null, otherWidthPx: null, widthsBeside: [] }),
  };
}

/** Both sides, each with a person's points where there are any. */
export function correctSides(
  measured: readonly [SideMeasurement, SideMeasurement],
  corrections: readonly SideCorrection[],
): readonly [SideMeasurement, SideMeasurement] {
  const [right, left] = measured;
  const correct = (side: SideMeasurement): SideMeasurement => {
    const points = corrections.find((each) => each.side === side.side);
    return points === undefined ? side : correctSide(side, points);
  };
  return [correct(right), correct(left)];
}

/** Where points of a side that was not found begin: those of the other side mirrored, else in the middle of its half. */
export function startingPoints(
  side: Side,
  other: SideCorrection,
  film: { readonly columns: number; readonly rows: number },
): SideCorrection {
  const mirrored = (point: PointPx | null): PointPx | null =>
    point && [film.columns - 1 - point[0], point[1]];
  if (other.outerPx !== null && other.innerPx !== null) {
    return {
      side,
      assessable: true,
      outerPx: mirrored(other.outerPx),
      innerPx: mirrored(other.innerPx),
      foramenPx: mirrored(other.foramenPx),
      foramenMarginPx: mirrored(other.foramenMarginPx),
    };
  }
  const column = film.columns * (side === 'R' ? 0.35 : 0.65);
  const at = (share: number): PointPx => [column, film.rows * share];
  return {
    side,
    assessable: true,
    ...{ outerPx: at(0.85), innerPx: at(0.82), foramenMarginPx: at(0.74), foramenPx: at(0.72) },
  };
}

/** Whether a person changed anything of a side. */
export function isSideChanged(measured: ReportedSide, points: SideCorrection): boolean {
  const before = sidePointsOf(measured);
  return (
    before.assessable !== points.assessable ||
    (['outerPx', 'innerPx', 'foramenPx', 'foramenMarginPx'] as const).some(
      (name) => !samePoint(before[name], points[name]),
    )
  );
}

function indexOf(widthPx: number, outerPx: PointPx, marginPx: PointPx | null): number | null {
  if (marginPx === null) return null;
  const toForamenPx = distancePx(outerPx, marginPx);
  return toForamenPx > widthPx ? widthPx / toForamenPx : null;
}

function alongLine(from: PointPx, towards: PointPx, lengthPx: number): PointPx {
  const whole = distancePx(from, towards);
  if (whole === 0) return from;
  const [dx, dy] = minus(towards, from);
  return [from[0] + (dx / whole) * lengthPx, from[1] + (dy / whole) * lengthPx];
}

function samePoint(a: PointPx | null, b: PointPx | null): boolean {
  return a === b || (a !== null && b !== null && a[0] === b[0] && a[1] === b[1]);
}
