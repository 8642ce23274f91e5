import type { PointPx } from '../exam/film.ts';

/**
 * Where the border rises this much less at one end than at the other, part of the jaw is not on the film: 0.51 and more on
 * 99 of a hundred whole films, below it on 9 of ten from which 40 mm were cut.
 */
const RISE_RATIO_MIN = 0.5;

/** Whether a border, left to right, goes from one angle of the jaw to the other. Pure. */
export function isWholeBorder(border: readonly PointPx[]): boolean {
  const [first, last] = [border[0], border.at(-1)];
  if (first === undefined || last === undefined) return false;
  const lowest = border.reduce((low, [, y]) => Math.max(low, y), -Infinity);
  const [left, right] = [lowest - first[1], lowest - last[1]];
  return Math.min(left, right) >= RISE_RATIO_MIN * Math.max(left, right);
}
