import type { MarginPath, SegmentProfiles } from './margin-path.ts';
import { averageSegments, followMargin, mapContrast, meanBetween } from './margin-path.ts';
import type { ProfileStrip } from './profile-strip.ts';

/** The endosteal margin of a straightened strip whose depth 0 is the periosteal edge. */
export interface EndostealMargin {
  readonly segments: SegmentProfiles;
  /** Depth of the margin for each segment. */
  readonly path: MarginPath;
  /** Share of the segments in which it is clear that the band ends here, by the rule of the dark gap. */
  readonly clearShare: number;
  /** How much darker it is beyond the margin than before it. */
  readonly contrast: number;
  /** How far off the nearest other edge lies that could be the margin as well; null where there is none. */
  readonly rivalPx: number | null;
}

/**
 * The rule that separates endosteal residues from the band. A bright line beyond a dark gap is a residue, and
 * the band ends at the gap, when the gap is at least GAP_DEPTH_SHARE of the way down from the band's level to
 * the level of the trabeculae, in at least GAP_COLUMN_SHARE of the strip's length. A shallower or shorter gap
 * is a canal inside the band, and the band goes on beyond it.
 */
export const GAP_DEPTH_SHARE = 0.5;
/** See {@link GAP_DEPTH_SHARE}. */
export const GAP_COLUMN_SHARE = 0.5;

/** An edge that is weaker than this share of the strongest one is not looked at. */
const EDGE_SHARE = 0.3;
const CANDIDATES = 4;
const RIVAL_SHARE = 0.7;
const UNUSUAL_MM = 6.5;

/** Finds the margin: every edge along which it gets darker inwards, then the outermost that ends the band. */
export function findEndostealMargin(
  strip: ProfileStrip,
  pxPerMm: number,
  depthMaxPx: number,
): EndostealMargin | null {
  const segments = keepVisible(averageSegments(strip, Math.round(0.8 * pxPerMm), 1.5), depthMaxPx);
  if (segments.profiles.length < 5) return null;
  const candidates = listEdges(segments, pxPerMm, depthMaxPx);
  const strongest = Math.max(...candidates.map((path) => path.meanContrast));
  const ordered = candidates
    .filter((path) => path.meanContrast >= EDGE_SHARE * strongest)
    .sort((a, b) => middle(a.depthPx) - middle(b.depthPx))
    .map((path) => judgeEdge(segments, path, pxPerMm));
  const ending = ordered.find((edge) => edge.clearShare >= GAP_COLUMN_SHARE);
  const best = ending ?? ordered.find((edge) => edge.path.meanContrast === strongest);
  return best === undefined ? null : { ...best, rivalPx: nearestRival(best, ordered) };
}

/** An edge nearly as strong as the chosen one, which ends the band by the same rule, makes the choice doubtful. */
function nearestRival(chosen: EndostealMargin, edges: readonly EndostealMargin[]): number | null {
  const distances = edges
    .filter((edge) => edge !== chosen && edge.clearShare >= GAP_COLUMN_SHARE)
    .filter((edge) => edge.path.meanContrast >= RIVAL_SHARE * chosen.path.meanContrast)
    .map((edge) => Math.abs(middle(edge.path.depthPx) - middle(chosen.path.depthPx)));
  return distances.length === 0 ? null : Math.min(...distances);
}

function listEdges(segments: SegmentProfiles, pxPerMm: number, depthMaxPx: number): MarginPath[] {
  const contrast = mapContrast(segments, {
    depthFromPx: 0.7 * pxPerMm,
    depthToPx: depthMaxPx,
    gapPx: 0.15 * pxPerMm,
    reachPx: 0.9 * pxPerMm,
  });
  // The bones of nearly everyone end before UNUSUAL_MM: a stronger edge beyond it is more often the canal's wall.
  const damping = segments.axis.map((depth) => {
    const excess = Math.max(0, depth / pxPerMm - UNUSUAL_MM);
    return Math.exp(-0.5 * excess * excess);
  });
  for (const line of contrast) {
    for (let index = 0; index < line.length; index += 1)
      line[index] = (line[index] ?? NaN) * (damping[index] ?? 0);
  }
  const paths: MarginPath[] = [];
  for (let round = 0; round < CANDIDATES; round += 1) {
    const path = followMargin(segments, contrast);
    if (path === null || path.meanContrast <= 0) break;
    paths.push(path);
    const taken = path.depthPx;
    contrast.forEach((line, segment) => blank(line, segments.axis, taken[segment] ?? NaN, 0.8 * pxPerMm));
  }
  return paths;
}

/** Zero and not unknown: a later path may cross an earlier one, but earns nothing there. */
function blank(line: Float64Array, axis: Float64Array, takenPx: number, reachPx: number): void {
  for (let index = 0; index < line.length; index += 1) {
    const isNear = Math.abs((axis[index] ?? NaN) - takenPx) < reachPx;
    if (isNear && !Number.isNaN(line[index] ?? NaN)) line[index] = 0;
  }
}

function judgeEdge(segments: SegmentProfiles, path: MarginPath, pxPerMm: number): EndostealMargin {
  let clear = 0;
  let contrast = 0;
  segments.profiles.forEach((profile, segment) => {
    const at = path.depthPx[segment] ?? NaN;
    const band = meanBetween(segments.axis, profile, Math.max(1, at - 0.8 * pxPerMm), at - 0.2 * pxPerMm);
    const gap = meanBetween(segments.axis, profile, at + 0.2 * pxPerMm, at + 0.7 * pxPerMm);
    const beyond = medianBetween(segments, profile, at + 0.4 * pxPerMm, at + 3.5 * pxPerMm);
    if (band - beyond > 0 && band - gap >= GAP_DEPTH_SHARE * (band - beyond)) clear += 1;
    contrast += band - gap;
  });
  const count = segments.profiles.length;
  return { segments, path, clearShare: clear / count, contrast: contrast / count, rivalPx: null };
}

function medianBetween(
  segments: SegmentProfiles,
  profile: Float64Array,
  fromPx: number,
  toPx: number,
): number {
  const first = segments.axis.findIndex((depth) => depth >= fromPx);
  const last = segments.axis.findLastIndex((depth) => depth <= toPx);
  return first < 0 ? NaN : middle(profile.subarray(first, last + 1));
}

/** The median of what is known. */
function middle(values: Float64Array): number {
  // The sort puts what is unknown behind everything else.
  const sorted = Float64Array.from(values).sort();
  let known = sorted.length;
  while (known > 0 && Number.isNaN(sorted[known - 1])) known -= 1;
  return sorted[known >> 1] ?? NaN;
}

/** Segments that lie inside the film down to the depth that is searched. */
function keepVisible(segments: SegmentProfiles, depthMaxPx: number): SegmentProfiles {
  const last = segments.axis.findIndex((depth) => depth >= depthMaxPx);
  const first = segments.axis.findIndex((depth) => depth >= 0);
  const kept = segments.profiles.flatMap((profile, index) =>
    profile.subarray(first, last).some((value) => Number.isNaN(value)) ? [] : [index],
  );
  return {
    axis: segments.axis,
    alongPx: Float64Array.from(kept, (index) => segments.alongPx[index] ?? NaN),
    profiles: kept.map((index) => segments.profiles[index] ?? new Float64Array()),
  };
}
