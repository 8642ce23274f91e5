import type { PointPx } from '../exam/film.ts';
import { fitParabola } from './parabola-fit.ts';

/**
 * The inferior border near one foramen as a parabola in the frame of its tangent: `along` runs from left to
 * right on the tangent, `up` is perpendicular to it and points into the bone. The origin is where the
 * perpendicular through the foramen meets the border.
 */
export interface BorderFrame {
  readonly originPx: PointPx;
  readonly along: PointPx;
  readonly up: PointPx;
  /** Distance of the foramen from the border along `up`. */
  readonly foramenHeightPx: number;
}

const ITERATIONS = 6;

/**
 * Finds the tangent of the border below the foramen. The tangent and the foot of the perpendicular depend on
 * each other, so the parabola is fitted again around each new foot until both stay.
 * @param halfLengthPx half the length of border that the parabola is fitted to
 * @returns null where the outline does not pass below the foramen
 */
export function fitBorderFrame(
  border: readonly PointPx[],
  foramenPx: PointPx,
  halfLengthPx: number,
): BorderFrame | null {
  const dense = resample(border, 2);
  let foot = dense[nearestIndex(dense, (point) => Math.abs(point[0] - foramenPx[0]))];
  if (foot === undefined || Math.abs(foot[0] - foramenPx[0]) > halfLengthPx) return null;
  let along: PointPx = [1, 0];
  for (let round = 0; round < ITERATIONS; round += 1) {
    const up: PointPx = [along[1], -along[0]];
    const near = project(dense, foot, along, up).filter(([s, v]) => within(s, v, halfLengthPx));
    const fit = fitParabola(near);
    if (fit === null) return null;
    const length = Math.hypot(1, fit.slope);
    along = unit([along[0] + up[0] * fit.slope, along[1] + up[1] * fit.slope], length);
    const normal: PointPx = [along[1], -along[0]];
    const lifted: PointPx = [foot[0] + up[0] * fit.height, foot[1] + up[1] * fit.height];
    const shift = (foramenPx[0] - lifted[0]) * along[0] + (foramenPx[1] - lifted[1]) * along[1];
    if (round === ITERATIONS - 1 || Math.abs(shift) < 0.01) {
      return frameAt(lifted, along, normal, foramenPx);
    }
    const step = Math.max(-halfLengthPx, Math.min(halfLengthPx, shift));
    const rise = fit.bend * step * step;
    foot = [lifted[0] + along[0] * step + normal[0] * rise, lifted[1] + along[1] * step + normal[1] * rise];
  }
  return null;
}

function frameAt(originPx: PointPx, along: PointPx, up: PointPx, foramenPx: PointPx): BorderFrame | null {
  const foramenHeightPx = (foramenPx[0] - originPx[0]) * up[0] + (foramenPx[1] - originPx[1]) * up[1];
  return foramenHeightPx <= 0 ? null : { originPx, along, up, foramenHeightPx };
}

/** The ramus turns away from the tangent: points that climb steeply are no part of the border here. */
function within(s: number, v: number, halfLengthPx: number): boolean {
  return Math.abs(s) <= halfLengthPx && Math.abs(v) <= 0.8 * halfLengthPx;
}

function project(
  points: readonly PointPx[],
  origin: PointPx,
  along: PointPx,
  up: PointPx,
): (readonly [number, number])[] {
  return points.map(([x, y]) => {
    const [dx, dy] = [x - origin[0], y - origin[1]];
    return [dx * along[0] + dy * along[1], dx * up[0] + dy * up[1]] as const;
  });
}

function unit(vector: PointPx, length: number): PointPx {
  const [x, y] = [vector[0] / length, vector[1] / length];
  const size = Math.hypot(x, y);
  return [x / size, y / size];
}

function nearestIndex(points: readonly PointPx[], distance: (point: PointPx) => number): number {
  let best = -1;
  let least = Infinity;
  points.forEach((point, index) => {
    const value = distance(point);
    if (value < least) [best, least] = [index, value];
  });
  return best;
}

/** The polyline with a point every `stepPx`. */
function resample(points: readonly PointPx[], stepPx: number): PointPx[] {
  const dense: PointPx[] = [];
  points.forEach((point, index) => {
    const next = points[index + 1];
    if (next === undefined) {
      dense.push(point);
      return;
    }
    const pieces = Math.max(1, Math.round(Math.hypot(next[0] - point[0], next[1] - point[1]) / stepPx));
    for (let piece = 0; piece < pieces; piece += 1) {
      const t = piece / pieces;
      dense.push([point[0] + (next[0] - point[0]) * t, point[1] + (next[1] - point[1]) * t]);
    }
  });
  return dense;
}
