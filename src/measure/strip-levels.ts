/** What the profile of a strip says of border and brightness, by TRACING_RULE.md. Depths in steps. */
export interface StripLevels {
  /** Depth of the periosteal border: the foot of the outer slope. */
  readonly outer: number;
  /** Depth of the middle of that slope. */
  readonly half: number;
  /** Depth of the middle between outside and what lies just inside: the edge itself where the slope is only blur. */
  readonly step: number;
  /** Brightness outside the bone, of the cortex, and of the marrow. */
  readonly outside: number;
  readonly cortex: number;
  readonly marrow: number;
}

/** The outlines of experts cross the outer slope at this share of its height. */
const OUTER_LEVEL = 0.2;
const OUTSIDE_FROM = 36;
const OUTSIDE_TO = 5;
const CORTEX_FROM = 5;
const CORTEX_TO = 40;
const JUST_INSIDE = 8;
const MARROW_FROM = 20;
const MARROW_TO = 80;
const MARROW_SHARE = 0.2;
/** How far outside the path the middle of the slope may lie. */
const SLOPE_SEARCH = 12;

/**
 * Levels and outer border of a mean profile; null where too little of it lies on the film.
 * @param profile one value a step, the first at `depthFrom`; the border is looked for about depth 0
 */
export function findLevels(profile: Float64Array, depthFrom: number): StripLevels | null {
  const row = (depth: number): number => Math.round(depth) - depthFrom;
  const known = (from: number, to: number): Float64Array =>
    profile.slice(Math.max(0, row(from)), row(to) + 1).filter((value) => !Number.isNaN(value));
  const outside = least(known(-OUTSIDE_FROM, -OUTSIDE_TO));
  let [cortex, half] = [NaN, 0];
  for (let round = 0; round < 3; round += 1) {
    cortex = -least(known(half + CORTEX_FROM, half + CORTEX_TO).map((value) => -value));
    half = passInwards(profile, (outside + cortex) / 2, row(-SLOPE_SEARCH)) + depthFrom;
  }
  const outer = passOutwards(profile, outside + OUTER_LEVEL * (cortex - outside), row(half) + 1) + depthFrom;
  const inside = -least(known(half, half + JUST_INSIDE).map((value) => -value));
  const step = passOutwards(profile, (outside + inside) / 2, row(half) + 1) + depthFrom;
  const zone = known(half + MARROW_FROM, half + MARROW_TO).sort();
  const marrow = quantile(zone, MARROW_SHARE);
  return [outside, cortex, half, step, outer, marrow].every(Number.isFinite)
    ? { outer, half, step, outside, cortex, marrow }
    : null;
}

/** Place in a profile where it first falls below a level on the way outwards from a row; the row where it does not. */
function passOutwards(profile: Float64Array, level: number, start: number): number {
  for (let row = start; row > 0; row -= 1) {
    const [above, here] = [profile[row - 1] ?? NaN, profile[row] ?? NaN];
    if (above < level && here >= level) return row - 1 + (level - above) / (here - above);
  }
  return start;
}

/** The same on the way inwards, where it first rises above the level. */
function passInwards(profile: Float64Array, level: number, start: number): number {
  for (let row = Math.max(1, start); row < profile.length; row += 1) {
    const [above, here] = [profile[row - 1] ?? NaN, profile[row] ?? NaN];
    if (above < level && here >= level) return row - 1 + (level - above) / (here - above);
  }
  return NaN;
}

function least(values: Float64Array): number {
  return values.reduce((low, value) => Math.min(low, value), Infinity);
}

/** A quantile between the sorted values. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  return low + (at - Math.floor(at)) * (high - low);
}
