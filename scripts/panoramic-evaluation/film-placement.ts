import type { PointPx } from '../../src/exam/film.ts';

/** Where the pixels of a picture made from a film lie on that film: x' = a x + b y + c, y' = d x + e y + f. */
export type Placement = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** The picture is the film. */
export const IN_PLACE: Placement = [1, 0, 0, 0, 1, 0];

/** The place on the film of a point of the picture. */
export function placeOnFilm([a, b, c, d, e, f]: Placement, [x, y]: PointPx): PointPx {
  return [a * x + b * y + c, d * x + e * y + f];
}

/** The way back: where a point of the film lies in the picture. */
export function invertPlacement([a, b, c, d, e, f]: Placement): Placement {
  const area = a * e - b * d;
  return [e / area, -b / area, (b * f - c * e) / area, -d / area, a / area, (c * d - a * f) / area];
}

/** The picture is so many times the film's size; corners of the outermost pixels fall together. */
export function enlargedBy(factor: number): Placement {
  const shift = (1 / factor - 1) / 2;
  return [1 / factor, 0, shift, 0, 1 / factor, shift];
}

/** The picture shows the film turned and sheared about a point, with `padPx` more on each side. */
export function tiltedAbout([x, y]: PointPx, degrees: number, shear: number, padPx: number): Placement {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [a, b, d, e] = [cos, -sin + shear * cos, sin, cos + shear * sin];
  const [px, py] = [x + padPx, y + padPx];
  return [a, b, x - a * px - b * py, d, e, y - d * px - e * py];
}

/** The picture begins so far right of and below the film's corner; negative: outside it. */
export function shiftedBy(columns: number, rows: number): Placement {
  return [1, 0, columns, 0, 1, rows];
}
