import type { SiteStrip } from './site-strip.ts';

/** A place where the profile falls inwards: the endosteal margin may lie here. Depths in steps. */
export interface MarginCandidate {
  /** Depth where the profile passes half of the contrast, or half of this fall. */
  readonly depth: number;
  /** How deep the dark after it is: 0 is the cortex, 1 the marrow. */
  readonly gapDepth: number;
  /** Share of the strip's columns in which it is dark there. */
  readonly gapShare: number;
}

/** Where the border and the levels of a strip lie. */
export interface StripContrast {
  /** Depth of the periosteal border. */
  readonly outer: number;
  readonly cortex: number;
  readonly marrow: number;
}

/** A gap so deep, over so much of the strip, makes the line beyond it a residue (TRACING_RULE.md, Endosteal margin). */
export const GAP_DEPTH_MIN = 0.5;
/** See {@link GAP_DEPTH_MIN}. */
export const GAP_SHARE_MIN = 0.5;
/** Columns are smoothed over 5 px along the border before they are asked for a gap. */
export const ALONG_SMOOTHING = 2;
/** Half of the strip that is judged, along the border. */
export const HALF_STRIP = 21;
/** No margin lies nearer to the periosteal border. */
const DEPTH_MIN = 10;
/** A fall by less than this share of the contrast is no fall. */
const FALL_MIN = 0.15;
/** How much depth and share of a gap differ from one reading to the next (TRACING_RULE.md, Near decision). */
const READING_SPREAD = 0.12;
const GAP_REACH = 4;

/**
 * Every descending limb of a profile, from outside inwards, with what the rule of residues asks of it.
 * @param strip its columns smoothed along the border (ALONG_SMOOTHING)
 * @param profile the mean profile, one value a row, not smoothed along the border
 */
export function listCandidates(
  strip: SiteStrip,
  profile: Float64Array,
  { outer, cortex, marrow }: StripContrast,
): MarginCandidate[] {
  const contrast = cortex - marrow;
  const half = cortex - contrast / 2;
  const value = (row: number): number => profile[row] ?? NaN;
  const start = Math.round(outer) - strip.depthFrom + DEPTH_MIN;
  const turns = [start];
  for (let row = start; row < profile.length - 1; row += 1) {
    if ((value(row) - value(row - 1)) * (value(row + 1) - value(row)) <= 0) turns.push(row);
  }
  turns.push(profile.length - 1);
  return turns.slice(1).flatMap((bottom, index): MarginCandidate[] => {
    const top = turns[index] ?? start;
    if (!(value(top) - value(bottom) >= FALL_MIN * contrast)) return [];
    const isWhole = value(top) > half && half > value(bottom);
    const level = isWhole ? half : (value(top) + value(bottom)) / 2;
    let row = top;
    while (value(row + 1) >= level) row += 1;
    const depth = row + (value(row) - level) / (value(row) - value(row + 1)) + strip.depthFrom;
    const gapDepth = (cortex - value(bottom)) / contrast;
    return [{ depth, gapDepth, gapShare: shareBelow(strip, bottom, half) }];
  });
}

/** A width that may be the right one, and how likely it is. */
export interface LikelyMargin {
  readonly depth: number;
  readonly probability: number;
}

/**
 * The candidate that the rule chooses, the outermost whose gap is deep and long enough, and how likely each would be
 * chosen if depth and share were read once more.
 * @param noise of the profile, as a share of the contrast
 */
export function probabilitiesOf(
  candidates: readonly MarginCandidate[],
  noise: number,
): { chosen: MarginCandidate | null; likely: readonly LikelyMargin[] } {
  const spread = Math.hypot(READING_SPREAD, noise);
  let left = 1;
  const likely = candidates.map(({ depth, gapDepth, gapShare }): LikelyMargin => {
    const ends =
      normalShare((gapDepth - GAP_DEPTH_MIN) / spread) * normalShare((gapShare - GAP_SHARE_MIN) / spread);
    const probability = left * ends;
    left -= probability;
    return { depth, probability };
  });
  const chosen = candidates.find(
    ({ gapDepth, gapShare }) => gapDepth >= GAP_DEPTH_MIN && gapShare >= GAP_SHARE_MIN,
  );
  return { chosen: chosen ?? null, likely };
}

/** Share of the columns that fall below a level near a row. */
function shareBelow({ columns, rows, samples }: SiteStrip, row: number, level: number): number {
  let below = 0;
  for (let column = 0; column < columns; column += 1) {
    let lowest = Infinity;
    for (let near = Math.max(0, row - GAP_REACH); near <= Math.min(rows - 1, row + GAP_REACH); near += 1)
      lowest = Math.min(lowest, samples[near * columns + column] ?? Infinity);
    if (lowest < level) below += 1;
  }
  return below / columns;
}

/** Share of a normal distribution below z (logistic approximation, off by 0.0002 at most). */
function normalShare(z: number): number {
  return 1 / (1 + Math.exp(-1.5976 * z - 0.07056 * z * z * z));
}
