import type { PointPx } from '../../src/exam/film.ts';
import { bodyFrame, distancePx, dot, minus, type SixPoints } from '../../src/measure/body-frame.ts';

/** A body that can be seen, but of which a corner cannot: an extra find there is no false one. */
export interface VisibleBody {
  readonly centrePx: PointPx;
  readonly heightPx: number;
  readonly isSacrum: boolean;
}

/** Which find belongs to which label, and what became of the other finds. */
export interface BodyMatches {
  /** By label: the index of its find, or null where it was missed. */
  readonly findOf: readonly (number | null)[];
  /** Finds on a body that is visible but not labelled. */
  readonly onVisible: readonly number[];
  readonly onSacrum: readonly number[];
  /** A second find on a body that has one already. */
  readonly doubled: readonly number[];
  /** Finds that lie off any visible body. */
  readonly offBody: readonly number[];
}

/** What two outlines must share, as a part of what both cover together, to be the same body. */
const OVERLAP_MIN = 0.3;
/** How far a find's centre may lie from that of a body that is not labelled, in heights of that body. */
const VISIBLE_HEIGHTS_MAX = 0.75;

const CORNERS = ['superiorAnterior', 'superiorPosterior', 'inferiorPosterior', 'inferiorAnterior'] as const;

/**
 * Pairs finds with labels, the largest overlap first. A pair needs a find whose centre lies within half the label's
 * width and height of its centre, and outlines that overlap by more than 0.3 (intersection over union).
 */
export function matchBodies(
  labels: readonly SixPoints[],
  finds: readonly SixPoints[],
  visible: readonly VisibleBody[],
): BodyMatches {
  const pairs = labels
    .flatMap((label, at) =>
      finds.map((find, by) => ({ at, by, overlap: isWithin(find, label) ? overlapOf(label, find) : 0 })),
    )
    .filter(({ overlap }) => overlap > OVERLAP_MIN)
    .sort((a, b) => b.overlap - a.overlap);
  const findOf: (number | null)[] = labels.map(() => null);
  const taken = new Set<number>();
  for (const { at, by } of pairs) {
    if (findOf[at] !== null || taken.has(by)) continue;
    findOf[at] = by;
    taken.add(by);
  }
  const rest = finds.flatMap((points, by) => (taken.has(by) ? [] : [{ by, points }]));
  const placed = rest.map(({ by, points }) => {
    if (labels.some((label) => isWithin(points, label))) return { by, place: 'doubled' } as const;
    const body = visible.find((one) => isNear(points, one));
    if (body === undefined) return { by, place: 'offBody' } as const;
    return { by, place: body.isSacrum ? 'onSacrum' : 'onVisible' } as const;
  });
  const at = (place: string): number[] => placed.flatMap((one) => (one.place === place ? [one.by] : []));
  return {
    findOf,
    onVisible: at('onVisible'),
    onSacrum: at('onSacrum'),
    doubled: at('doubled'),
    offBody: at('offBody'),
  };
}

/** Intersection over union of the outlines by their corners. */
export function overlapOf(one: SixPoints, other: SixPoints): number {
  const [a, b] = [outlineOf(one), outlineOf(other)];
  const shared = areaOf(sidesOf(b).reduce((shape, side) => clip(shape, side), a));
  return shared / (areaOf(a) + areaOf(b) - shared);
}

function isWithin(find: SixPoints, label: SixPoints): boolean {
  const { centrePx, backward, downward, widthPx, heightPx } = bodyFrame(label);
  const away = minus(bodyFrame(find).centrePx, centrePx);
  return Math.abs(dot(away, backward)) <= widthPx / 2 && Math.abs(dot(away, downward)) <= heightPx / 2;
}

function isNear(find: SixPoints, { centrePx, heightPx }: VisibleBody): boolean {
  return distancePx(bodyFrame(find).centrePx, centrePx) <= VISIBLE_HEIGHTS_MAX * heightPx;
}

/** The corners in the order that has the inside to the right of each side, whichever way the body faces. */
function outlineOf(points: SixPoints): PointPx[] {
  const corners = CORNERS.map((name) => points[name]);
  return signedArea(corners) < 0 ? corners.reverse() : corners;
}

function sidesOf(shape: readonly PointPx[]): (readonly [PointPx, PointPx])[] {
  return shape.map((point, index) => [point, shape[(index + 1) % shape.length] ?? point]);
}

function signedArea(shape: readonly PointPx[]): number {
  return sidesOf(shape).reduce((sum, [[x, y], [nextX, nextY]]) => sum + (x * nextY - nextX * y) / 2, 0);
}

function areaOf(shape: readonly PointPx[]): number {
  return Math.abs(signedArea(shape));
}

/** What of a shape lies on the inner side of a line (Sutherland and Hodgman 1974). */
function clip(shape: readonly PointPx[], [from, to]: readonly [PointPx, PointPx]): PointPx[] {
  const heightOver = ([x, y]: PointPx): number =>
    (to[0] - from[0]) * (y - from[1]) - (to[1] - from[1]) * (x - from[0]);
  return sidesOf(shape).flatMap(([point, next]) => {
    const [here, there] = [heightOver(point), heightOver(next)];
    const kept: PointPx[] = here >= 0 ? [point] : [];
    if (here >= 0 === there >= 0) return kept;
    const share = here / (here - there);
    const crossing: PointPx = [
      point[0] + share * (next[0] - point[0]),
      point[1] + share * (next[1] - point[1]),
    ];
    return [...kept, crossing];
  });
}
