/** Where a foramen most likely lies: by what the network saw, and by where foramina usually lie. Pure. */
import type { Side } from '../exam/analysis.ts';
import type { PointPx } from '../exam/film.ts';

/** A foramen with how far it may be off. */
export interface PlacedForamen {
  readonly xPx: number;
  readonly yPx: number;
  /** Probability that it lies within 3 mm of where a reader would put it. */
  readonly confidence: number;
  /** Standard deviations along and across the border, film pixels. */
  readonly spreadPx: { readonly along: number; readonly across: number };
}

/**
 * Distance of 171 labelled foramina from the middle of the border's whole width, as a share of that width: mean and
 * standard deviation (43 and 5 mm on these films). models/training/mandible-contour/labels.
 */
const SHARE_MEAN = 0.178;
const SHARE_DEVIATION = 0.021;
/**
 * The network learned its spread where foramina are seen. Where they are guessed it is 2.5 times as far off as it says,
 * in the middle of all of them 1.6 times; with 2 the widths at what follows agree with the tracings.
 */
const SPREAD_FACTOR = 2;
/** Standard deviations beyond which the border's ends are not those of a whole mandible, and say nothing of the place. */
const SURPRISE_MAX = 4;

/**
 * Weighs the place that the network saw against the usual one, along the border; a foramen that is plainly seen hardly
 * moves, one that is only guessed moves towards where foramina lie.
 * @param border periosteal inferior border in film pixels, left to right, from one angle of the jaw to the other
 */
export function settleForamen(seen: PlacedForamen, border: readonly PointPx[], side: Side): PlacedForamen {
  const [left, right] = [border[0]?.[0] ?? NaN, border.at(-1)?.[0] ?? NaN];
  const widthPx = right - left;
  const along = SPREAD_FACTOR * seen.spreadPx.along;
  const usualPx = (left + right) / 2 + (side === 'R' ? -1 : 1) * SHARE_MEAN * widthPx;
  const usualSpreadPx = SHARE_DEVIATION * widthPx;
  const surprise = Math.abs(seen.xPx - usualPx) / Math.hypot(along, usualSpreadPx);
  if (!(surprise <= SURPRISE_MAX)) return { ...seen, spreadPx: { ...seen.spreadPx, along } };
  const weight = along ** 2 / (along ** 2 + usualSpreadPx ** 2);
  const xPx = seen.xPx + weight * (usualPx - seen.xPx);
  return {
    ...seen,
    xPx,
    // The height over the border stays what was seen.
    yPx: seen.yPx + heightAt(border, xPx) - heightAt(border, seen.xPx),
    spreadPx: { ...seen.spreadPx, along: usualSpreadPx * Math.sqrt(weight) },
  };
}

/** Row of the border at a column, between its points. */
function heightAt(border: readonly PointPx[], xPx: number): number {
  const after = border.findIndex(([x]) => x >= xPx);
  const to = border[after] ?? border.at(-1);
  const from = border[after - 1] ?? to;
  if (from === undefined || to === undefined) return 0;
  const share = to[0] === from[0] ? 0 : (xPx - from[0]) / (to[0] - from[0]);
  return from[1] + share * (to[1] - from[1]);
}
