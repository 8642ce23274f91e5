import type { ProfileStrip } from './profile-strip.ts';
import { averageColumns } from './profile-strip.ts';

/** Profiles of short pieces of the border, one every few pixels, smoothed along the depth. */
export interface SegmentProfiles {
  readonly alongPx: Float64Array;
  readonly axis: Float64Array;
  readonly profiles: readonly Float64Array[];
}

/** One margin followed along the border: a depth for each segment, and how strongly the film shows it. */
export interface MarginPath {
  readonly depthPx: Float64Array;
  readonly meanContrast: number;
}

/** What counts as an edge. */
export interface PathSearch {
  readonly depthFromPx: number;
  readonly depthToPx: number;
  /** The levels before and after an edge are means from `gapPx` to `reachPx` away from it. */
  readonly gapPx: number;
  readonly reachPx: number;
}

const SEGMENT_EVERY_PX = 4;
/** A margin may rise or fall by 3 samples (1.5 px) a segment (4 px), and each sample of it costs a little. */
const STEPS_MAX = 3;
const STEP_COST = 0.02;

/** Cuts a strip into overlapping segments; each profile is a robust mean over its columns. */
export function averageSegments(strip: ProfileStrip, halfColumns: number, smoothPx: number): SegmentProfiles {
  const profiles: Float64Array[] = [];
  const along: number[] = [];
  for (let centre = 0; centre < strip.alongPx.length; centre += SEGMENT_EVERY_PX) {
    const from = Math.max(0, centre - halfColumns);
    const to = Math.min(strip.alongPx.length - 1, centre + halfColumns);
    profiles.push(smoothProfile(averageColumns(strip, from, to), smoothPx / strip.stepPx));
    along.push(strip.alongPx[centre] ?? 0);
  }
  const axis = Float64Array.from({ length: strip.depths }, (_, k) => strip.depthFromPx + k * strip.stepPx);
  return { alongPx: Float64Array.from(along), axis, profiles };
}

/** Gaussian smoothing that steps over samples outside the film. */
export function smoothProfile(profile: Float64Array, sigma: number): Float64Array {
  const radius = Math.ceil(2.5 * sigma);
  const kernel = new Float64Array(2 * radius + 1);
  for (let k = -radius; k <= radius; k += 1) kernel[k + radius] = Math.exp((-k * k) / (2 * sigma * sigma));
  const smoothed = new Float64Array(profile.length).fill(NaN);
  for (let index = 0; index < profile.length; index += 1) {
    if (Number.isNaN(profile[index] ?? NaN)) continue;
    const [first, last] = [Math.max(0, index - radius), Math.min(profile.length - 1, index + radius)];
    let sum = 0;
    let weights = 0;
    for (let at = first; at <= last; at += 1) {
      const value = profile[at] ?? NaN;
      if (Number.isNaN(value)) continue;
      const weight = kernel[at - index + radius] ?? 0;
      sum += weight * value;
      weights += weight;
    }
    smoothed[index] = sum / weights;
  }
  return smoothed;
}

/** Mean of a profile between two depths; NaN where it leaves the film. */
export function meanBetween(axis: Float64Array, profile: Float64Array, fromPx: number, toPx: number): number {
  const [start, step] = [axis[0] ?? 0, (axis[1] ?? 1) - (axis[0] ?? 0)];
  const first = Math.max(0, Math.round((fromPx - start) / step));
  const last = Math.min(axis.length - 1, Math.round((toPx - start) / step));
  let sum = 0;
  for (let index = first; index <= last; index += 1) sum += profile[index] ?? NaN;
  return last >= first ? sum / (last - first + 1) : NaN;
}

/** How much darker it is beyond each depth than before it: segments x depths, NaN where it cannot be told. */
export function mapContrast(segments: SegmentProfiles, search: PathSearch): Float64Array[] {
  const { axis } = segments;
  return segments.profiles.map((profile) => {
    const line = new Float64Array(axis.length).fill(NaN);
    for (let index = 0; index < axis.length; index += 1) {
      const depth = axis[index] ?? NaN;
      if (!(depth >= search.depthFromPx && depth <= search.depthToPx)) continue;
      const from = Math.max(Math.min(2, depth - search.gapPx - 1), depth - search.reachPx);
      const before = meanBetween(axis, profile, from, depth - search.gapPx);
      line[index] = before - meanBetween(axis, profile, depth + search.gapPx, depth + search.reachPx);
    }
    return line;
  });
}

/** The continuous path with the greatest summed contrast (dynamic programming along the border). */
export function followMargin(
  segments: SegmentProfiles,
  contrast: readonly Float64Array[],
): MarginPath | null {
  const scale = contrastScale(contrast);
  if (scale === 0) return null;
  const depths = segments.axis.length;
  let score = new Float64Array(depths);
  let next = new Float64Array(depths);
  const back: Int8Array[] = [];
  for (const line of contrast) {
    const from = new Int8Array(depths);
    for (let index = 0; index < depths; index += 1) {
      const value = line[index] ?? NaN;
      let best = -Infinity;
      const first = Math.max(-STEPS_MAX, -index);
      const last = Math.min(STEPS_MAX, depths - 1 - index);
      for (let move = first; move <= last && !Number.isNaN(value); move += 1) {
        const reached = (score[index + move] ?? 0) - Math.abs(move) * STEP_COST;
        if (reached > best) {
          best = reached;
          from[index] = move;
        }
      }
      next[index] = best + value / scale;
      if (Number.isNaN(value)) next[index] = -Infinity;
    }
    back.push(from);
    [score, next] = [next, score];
  }
  return tracePath(segments, contrast, score, back);
}

function tracePath(
  segments: SegmentProfiles,
  contrast: readonly Float64Array[],
  score: Float64Array,
  back: readonly Int8Array[],
): MarginPath | null {
  let at = score.reduce((best, value, index) => (value > (score[best] ?? -Infinity) ? index : best), 0);
  if (!((score[at] ?? -Infinity) > -Infinity)) return null;
  const depthPx = new Float64Array(contrast.length);
  let sum = 0;
  for (let segment = contrast.length - 1; segment >= 0; segment -= 1) {
    depthPx[segment] = segments.axis[at] ?? NaN;
    sum += contrast[segment]?.[at] ?? 0;
    at += back[segment]?.[at] ?? 0;
  }
  return { depthPx, meanContrast: sum / contrast.length };
}

/** The largest contrasts of the segments, averaged: the unit in which a path's bends are charged. */
function contrastScale(contrast: readonly Float64Array[]): number {
  const peaks = contrast.map((line) => line.reduce((most, value) => (value > most ? value : most), 0));
  return peaks.reduce((sum, peak) => sum + peak, 0) / Math.max(1, peaks.length);
}
