import type { Film } from '../exam/film.ts';
import { ALONG_SMOOTHING, HALF_STRIP, listCandidates, probabilitiesOf } from './rule-of-residues.ts';
import type { LikelyMargin } from './rule-of-residues.ts';
import type { SiteStrip, StripPlace } from './site-strip.ts';
import { cutSiteStrip, meanProfile, partOfStrip, SITE_REACH, smoothAlong } from './site-strip.ts';
import type { StripLevels } from './strip-levels.ts';
import { findLevels } from './strip-levels.ts';

/** Border and margin at one place of the border; depths and widths in steps. */
export interface SiteReading {
  readonly levels: StripLevels;
  /** Depth of the periosteal border below the path. */
  readonly outer: number;
  /** Width that the rule of residues chooses; null where nothing ends the band or hardly anything is to be seen. */
  readonly width: number | null;
  /** Every width between which the rule decides, with how likely it is the right one. */
  readonly likely: readonly LikelyMargin[];
}

/** Why a place cannot be read. */
export type SiteRefusal =
  'border-not-visible' | 'border-at-rim' | 'grey-scale-inverted' | 'grey-scale-clipped';

/**
 * Where the outer slope is as steep as blur alone makes it, its foot and its middle are one edge. Half of a slope from
 * foot to middle, steps: up to the first it is blur (phantoms: 1.9 to 3.6), from the second on the bone's roundness
 * (films: 4 to 23).
 */
const BLUR_SLOPE = 3.8;
const ROUND_SLOPE = 5;
/** No film is as sharp as this: the edge of a frame, or of the picture. */
const RIM_SLOPE = 1.4;
/** As far as this below the border the film must go on. */
const RIM_DEPTH = 10;
/** The step of brightness at the border, in standard errors of the profile. */
const BORDER_CLEARNESS_MIN = 8;
/** Share of a strip that is as white as its whitest: at most 0.004 on 89 films; metal or a clipped grey scale is beyond. */
const CLIPPED_SHARE_MAX = 0.03;
/** As white as the whitest: within this share of the strip's range. */
const WHITE_TOLERANCE = 0.01;
/** Cortex over marrow, as a share of cortex over outside. */
const CONTRAST_SHARE_MIN = 0.05;
const [INSIDE_FROM, INSIDE_TO] = [8, 40];

/** Reads border and margin at several places along the border: steps distally of the site, ascending. */
export function readSites(
  film: Film,
  place: StripPlace,
  places: readonly number[],
): (SiteReading | SiteRefusal)[] {
  const [first, last] = [places[0] ?? 0, places.at(-1) ?? 0];
  const reach = { alongFrom: first - HALF_STRIP, alongTo: last + HALF_STRIP };
  const whole = cutSiteStrip(film, place, { ...SITE_REACH, ...reach });
  const smooth = smoothAlong(whole, ALONG_SMOOTHING);
  return places.map((distal) =>
    readSite(partOfStrip(whole, distal, HALF_STRIP), partOfStrip(smooth, distal, HALF_STRIP)),
  );
}

function readSite(strip: SiteStrip, smooth: SiteStrip): SiteReading | SiteRefusal {
  const profile = meanProfile(strip, -HALF_STRIP, HALF_STRIP);
  const noise = profileNoise(strip);
  const rise = riseInwards(profile, strip.depthFrom);
  if (rise < -BORDER_CLEARNESS_MIN * noise) return 'grey-scale-inverted';
  if (whiteShare(strip) > CLIPPED_SHARE_MAX) return 'grey-scale-clipped';
  const levels = findLevels(profile, strip.depthFrom);
  if (rise < 0 || levels === null || levels.cortex - levels.outside < BORDER_CLEARNESS_MIN * noise)
    return 'border-not-visible';
  const slope = levels.half - levels.outer;
  const rim = Math.round(levels.outer) - RIM_DEPTH - strip.depthFrom;
  if (slope < RIM_SLOPE || !(rim >= 0) || Number.isNaN(profile[rim])) return 'border-at-rim';
  const contrast = levels.cortex - levels.marrow;
  const blur = Math.max(0, Math.min(1, (ROUND_SLOPE - slope) / (ROUND_SLOPE - BLUR_SLOPE)));
  const outer = levels.outer + blur * (levels.step - levels.outer);
  // Where the marrow is as white as the cortex every trabecula would be a margin.
  if (contrast < CONTRAST_SHARE_MIN * (levels.cortex - levels.outside))
    return { levels, outer, width: null, likely: [] };
  const candidates = listCandidates(smooth, profile, levels).map((candidate) => ({
    ...candidate,
    depth: candidate.depth - outer,
  }));
  const { chosen, likely } = probabilitiesOf(candidates, noise / contrast);
  return { levels, outer, width: chosen?.depth ?? null, likely };
}

/** How much brighter it is inside than outside; below 0 black and white were exchanged, or this is no border. */
function riseInwards(profile: Float64Array, depthFrom: number): number {
  const mean = (from: number, to: number): number => {
    const known = profile.subarray(from - depthFrom, to - depthFrom).filter((value) => !Number.isNaN(value));
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  return mean(INSIDE_FROM, INSIDE_TO) - mean(-INSIDE_TO, -INSIDE_FROM);
}

/** How much of a strip is at the upper end of its grey values. */
function whiteShare({ samples }: SiteStrip): number {
  let [low, high] = [Infinity, -Infinity];
  for (const value of samples) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const limit = high - WHITE_TOLERANCE * (high - low);
  let white = 0;
  for (const value of samples) if (value >= limit) white += 1;
  return white / samples.length;
}

/** Standard error of the mean of the columns at one depth, the median over all depths. */
function profileNoise({ columns, rows, samples }: SiteStrip): number {
  const errors: number[] = [];
  for (let row = 0; row < rows; row += 4) {
    let [sum, squares] = [0, 0];
    for (let at = row * columns; at < (row + 1) * columns; at += 1) {
      const value = samples[at] ?? NaN;
      sum += value;
      squares += value * value;
    }
    const variance = squares / columns - (sum / columns) ** 2;
    if (!Number.isNaN(variance)) errors.push(Math.sqrt(Math.max(0, variance) / columns));
  }
  return errors.sort((a, b) => a - b)[errors.length >> 1] ?? NaN;
}
