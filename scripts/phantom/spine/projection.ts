import type { PointMm } from '../canvas.ts';

/**
 * The cone of rays. The patient stands in millimetres: u backwards, w downwards, d away from the tube, 0 in the middle
 * plane. The film is measured in that plane: what lies in it keeps its size, what lies nearer to the tube is larger.
 */
export interface Projection {
  readonly columns: number;
  readonly rows: number;
  readonly mmPerPx: number;
  /** From the focal spot to the middle plane. */
  readonly focusMm: number;
  /** Where the central ray meets the middle plane. */
  readonly centralMm: PointMm;
  /** The position of the centre of the top left pixel. */
  readonly originMm: PointMm;
}

/** How much a plane is enlarged against the middle plane. */
export function magnifyAt(projection: Projection, depthMm: number): number {
  return projection.focusMm / (projection.focusMm + depthMm);
}

/** Where a position of the patient falls on the film, in mm from the centre of the top left pixel. */
export function projectPoint(projection: Projection, u: number, w: number, d: number): PointMm {
  const scale = magnifyAt(projection, d);
  const [cu, cw] = projection.centralMm;
  const [ou, ow] = projection.originMm;
  return [cu + (u - cu) * scale - ou, cw + (w - cw) * scale - ow];
}

/** Where a vertebra stands. */
export interface Pose {
  readonly u: number;
  readonly w: number;
  /** How far it lies off the middle plane. */
  readonly d: number;
  /** Turn in the picture's plane in radians; positive when the front is lower. */
  readonly tilt: number;
  /** Height gained for each mm of depth, as of a leaning vertebra. */
  readonly coronalSlope: number;
  /** Shift backwards for each mm of depth, as of a twisted vertebra. */
  readonly axialSlope: number;
}

/** A position in a vertebra's own axes (backwards, downwards, depth) as a position of the patient. */
export function placePoint(pose: Pose, u: number, w: number, d: number): [number, number, number] {
  const x = u + d * pose.axialSlope;
  const y = w + d * pose.coronalSlope;
  const cos = Math.cos(pose.tilt);
  const sin = Math.sin(pose.tilt);
  return [pose.u + x * cos + y * sin, pose.w - x * sin + y * cos, pose.d + d];
}

/** The same on the film, in mm. */
export function projectFrom(projection: Projection, pose: Pose, u: number, w: number, d: number): PointMm {
  return projectPoint(projection, ...placePoint(pose, u, w, d));
}
