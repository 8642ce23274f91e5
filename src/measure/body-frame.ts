import type { VertebraPoint } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';

/** One value for each of the six points of a body. */
export type SixPoints<Value = PointPx> = Readonly<Record<VertebraPoint, Value>>;

/** Those of the six points that are corners, in the finder's order. */
export const CORNERS = [
  'superiorAnterior',
  'superiorPosterior',
  'inferiorAnterior',
  'inferiorPosterior',
] as const;

/** The four corners of a vertebral body as seen from the side. */
export type BodyCorners = Pick<SixPoints, (typeof CORNERS)[number]>;

/** Where a body lies and how it stands. */
export interface BodyFrame {
  /** Mean of the four corners. */
  readonly centrePx: PointPx;
  /** Unit vector from the front of the body to its back: the mean direction of both endplates. */
  readonly backward: PointPx;
  /** Unit vector at a right angle to it, towards the lower endplate. */
  readonly downward: PointPx;
  /** Mean length of both endplates. */
  readonly widthPx: number;
  /** Mean distance between the endplates at the front and at the back. */
  readonly heightPx: number;
}

/** The frame of a body; the same as `frame_of` of models/training/vertebrae/prepare.py. */
export function bodyFrame(corners: BodyCorners): BodyFrame {
  const {
    superiorAnterior: sa,
    superiorPosterior: sp,
    inferiorAnterior: ia,
    inferiorPosterior: ip,
  } = corners;
  const along = plus(minus(sp, sa), minus(ip, ia));
  const length = Math.max(Math.hypot(...along), 1e-6);
  const backward: PointPx = [along[0] / length, along[1] / length];
  const normal: PointPx = [-backward[1], backward[0]];
  const lower = minus(plus(ia, ip), plus(sa, sp));
  return {
    centrePx: [(sa[0] + sp[0] + ia[0] + ip[0]) / 4, (sa[1] + sp[1] + ia[1] + ip[1]) / 4],
    backward,
    downward: dot(lower, normal) < 0 ? [-normal[0], -normal[1]] : normal,
    widthPx: (distancePx(sa, sp) + distancePx(ia, ip)) / 2,
    heightPx: (distancePx(sa, ia) + distancePx(sp, ip)) / 2,
  };
}

/** The sum of two vectors. */
export function plus(a: PointPx, b: PointPx): PointPx {
  return [a[0] + b[0], a[1] + b[1]];
}

/** The vector from b to a. */
export function minus(a: PointPx, b: PointPx): PointPx {
  return [a[0] - b[0], a[1] - b[1]];
}

/** The scalar product of two vectors. */
export function dot(a: PointPx, b: PointPx): number {
  return a[0] * b[0] + a[1] * b[1];
}

/** The distance of two places. */
export function distancePx(a: PointPx, b: PointPx): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
