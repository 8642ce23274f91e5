import type { PointPx } from '../exam/film.ts';
import { fitParabola } from './parabola-fit.ts';

/** The inferior border as a smooth line with a point at every step of its length, left to right. */
export interface BorderPath {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Film pixels from one point to the next. */
  readonly stepPx: number;
}

/** A place on a path and how the border runs there. */
export interface PathPlace {
  readonly point: PointPx;
  /** Unit normal into the bone. */
  readonly normal: PointPx;
}

/** Where the perpendicular to the border's tangent passes through a foramen. */
export interface FootPoint extends PathPlace {
  /** Place along the path in steps, not whole. */
  readonly at: number;
  /** Distance of the foramen from the path along the normal, film pixels. */
  readonly foramenHeightPx: number;
}

/** The tangent is the line through the points this far before and behind the foot (TRACING_RULE.md, Site). */
const TANGENT_HALF_MM = 4;
/** Normals of the strip's columns follow the border more closely than the tangent does. */
const NORMAL_HALF_MM = 0.8;

/** The course is a parabola through what lies this far to either side of each place. */
const COURSE_HALF_MM = 8.6;
/** Places and points are taken every 0.8 mm: a border bends little between them. */
const COURSE_EVERY = 8;

/** Lays even steps along the smooth course of a border; null where it is too short. */
export function layBorderPath(
  border: readonly PointPx[],
  stepPx: number,
  pxPerMm: number,
): BorderPath | null {
  const [x, y] = [evenSteps(border, stepPx, 0), evenSteps(border, stepPx, 1)];
  const half = Math.round((COURSE_HALF_MM * pxPerMm) / stepPx);
  if (x.length < half) return null;
  const reach = Math.floor(half / COURSE_EVERY);
  const knots = Array.from({ length: Math.floor((x.length - 1) / COURSE_EVERY) + 1 }, (_, k) => k);
  const courseAt = (values: Float64Array, knot: number): number => {
    const near = knots.slice(Math.max(0, knot - reach), knot + reach + 1);
    return fitParabola(near.map((k) => [k - knot, values[k * COURSE_EVERY] ?? NaN]))?.height ?? NaN;
  };
  const course = knots.map((knot): PointPx => [courseAt(x, knot), courseAt(y, knot)]);
  return { x: evenSteps(course, stepPx, 0), y: evenSteps(course, stepPx, 1), stepPx };
}

/** The point at a place along the path and the normal there; the ends go on straight. */
export function placeOnPath(path: BorderPath, at: number, pxPerMm: number): PathPlace {
  return { point: pointAt(path, at), normal: normalAt(path, at, (NORMAL_HALF_MM * pxPerMm) / path.stepPx) };
}

/**
 * The foot of the perpendicular through a foramen. Where the border bends so that there are several, the one nearest
 * to the foramen counts.
 * @returns null where the border does not pass below the foramen
 */
export function findFootPoint(path: BorderPath, foramenPx: PointPx, pxPerMm: number): FootPoint | null {
  const half = (TANGENT_HALF_MM * pxPerMm) / path.stepPx;
  const beside = (at: number): { along: number; up: number } => {
    const normal = normalAt(path, at, half);
    const [x, y] = pointAt(path, at);
    const [dx, dy] = [foramenPx[0] - x, foramenPx[1] - y];
    return { along: dy * normal[0] - dx * normal[1], up: dx * normal[0] + dy * normal[1] };
  };
  let best: FootPoint | null = null;
  let before = beside(Math.ceil(half));
  for (let at = Math.ceil(half) + 1; at < path.x.length - half; at += 1) {
    const here = beside(at);
    if (
      before.along > 0 !== here.along > 0 &&
      here.up > 0 &&
      (best === null || here.up < best.foramenHeightPx)
    ) {
      const place = at - here.along / (here.along - before.along);
      const foot = { at: place, point: pointAt(path, place), normal: normalAt(path, place, half) };
      best = { ...foot, foramenHeightPx: beside(place).up };
    }
    before = here;
  }
  return best;
}

function pointAt({ x, y }: BorderPath, at: number): PointPx {
  return [valueAlong(x, at), valueAlong(y, at)];
}

function normalAt(path: BorderPath, at: number, half: number): PointPx {
  const [from, to] = [pointAt(path, at - half), pointAt(path, at + half)];
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  return [dy / length, -dx / length];
}

/** Between two points on the line that joins them, beyond the ends on the last piece's own line. */
function valueAlong(values: Float64Array, at: number): number {
  const index = Math.max(0, Math.min(values.length - 2, Math.floor(at)));
  const value = values[index] ?? NaN;
  return value + (at - index) * ((values[index + 1] ?? NaN) - value);
}

/** One coordinate of the polyline at even steps of its length. */
function evenSteps(border: readonly PointPx[], stepPx: number, axis: 0 | 1): Float64Array {
  const values: number[] = [];
  let walked = 0;
  border.forEach((point, index) => {
    const next = border[index + 1];
    if (next === undefined) return;
    const length = Math.hypot(next[0] - point[0], next[1] - point[1]);
    while (values.length * stepPx <= walked + length) {
      const share = length === 0 ? 0 : (values.length * stepPx - walked) / length;
      values.push(point[axis] + (next[axis] - point[axis]) * share);
    }
    walked += length;
  });
  return Float64Array.from(values);
}
