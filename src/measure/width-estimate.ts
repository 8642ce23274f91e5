import type { SiteReading } from './site-reading.ts';

/** A reading at one of several places round a foramen. */
export interface PlacedReading {
  /** Steps distally of the foot point. */
  readonly distal: number;
  /** null where the place could not be read. */
  readonly reading: SiteReading | null;
}

/** One width from readings at several places; steps. */
export interface WidthEstimate {
  readonly width: number;
  readonly standardError: number;
  /** The width at the margin that the rule hardly turned down; null where the decision is clear. */
  readonly other: number | null;
}

/**
 * However well a foramen is seen, the width is that of the border about it and not of one line. Of 5, 12, 20, 26, 35 and
 * 50 steps, about 2 mm agreed best with the tracings at the foramina that the models find.
 */
const PLACE_SPREAD_MIN = 22;
/** Share of the weight of all places that must have been read. */
const READ_SHARE_MIN = 0.5;
/** Other margins that count: so likely, and so far off (TRACING_RULE.md, Near decision). */
const OTHER_PROBABILITY_MIN = 0.1;
const OTHER_DISTANCE_MIN = 3;
/**
 * Standard error of border and margin where the decision between edges is clear: on 80 sides of phantoms with it 0.70 of
 * the errors lie within one stated standard error and 0.99 within two.
 */
const EDGE_ERROR = 0.35;
/** Share of the outer slope by which the foot may be misplaced. */
const SLOPE_ERROR = 0.05;

/**
 * The width at a foramen whose place is known only so well: the median over the places where it may be, each weighted
 * by how likely it is there. The variance is that of all places and of all margins between which the rule decides, by
 * their probabilities.
 * @param placeSpread standard deviation of the foramen along the border, steps
 */
export function estimateWidth(readings: readonly PlacedReading[], placeSpread: number): WidthEstimate | null {
  const spread = Math.hypot(placeSpread, PLACE_SPREAD_MIN);
  const weighted = readings.map(({ distal, reading }) => ({
    reading,
    weight: Math.exp(-0.5 * (distal / spread) ** 2),
  }));
  const all = sumOf(weighted.map(({ weight }) => weight));
  const read = weighted.flatMap(({ reading, weight }) =>
    reading?.width == null ? [] : [{ reading, weight, width: reading.width }],
  );
  const known = sumOf(read.map(({ weight }) => weight));
  const centre = readings.find(({ distal }) => distal === 0)?.reading;
  if (centre == null || known < READ_SHARE_MIN * all) return null;
  const width = weightedMedian(read);
  const variance = sumOf(read.map(({ reading, weight }) => (weight / known) * varianceAbout(reading, width)));
  const slope = SLOPE_ERROR * (centre.levels.half - centre.levels.outer);
  const others = centre.likely
    .filter(({ probability }) => probability >= OTHER_PROBABILITY_MIN)
    .filter(({ depth }) => Math.abs(depth - width) >= OTHER_DISTANCE_MIN)
    .sort((a, b) => b.probability - a.probability);
  return {
    width,
    standardError: Math.hypot(Math.sqrt(variance), slope, EDGE_ERROR),
    other: others[0]?.depth ?? null,
  };
}

/** Mean square distance of what one place may be from a width. */
function varianceAbout({ likely, width: own }: SiteReading, width: number): number {
  const total = sumOf(likely.map(({ probability }) => probability));
  if (!(total > 0)) return own === null ? 0 : (own - width) ** 2;
  return sumOf(likely.map(({ depth, probability }) => (probability / total) * (depth - width) ** 2));
}

/** Where half of the weight lies below, between neighbours. */
function weightedMedian(values: readonly { readonly width: number; readonly weight: number }[]): number {
  const sorted = [...values].sort((a, b) => a.width - b.width);
  const half = sumOf(sorted.map(({ weight }) => weight)) / 2;
  let below = 0;
  for (const { width, weight } of sorted) {
    below += weight;
    if (below >= half) return width;
  }
  return NaN;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
