import type { MarginCourse } from './cortical-index-course.ts';
import { smoothStrip } from './cortical-index-course.ts';
import { smoothProfile } from './profile-smoothing.ts';
import type { SiteStrip } from './site-strip.ts';

/** What the classes are read from, lengths in steps and brightness in units of the contrast of cortex and marrow. */
export interface CortexSigns {
  /** How deep the margin's defects are: of its distances from its smooth course outwards, the 95th percentile. */
  readonly roughness: number;
  /** Lines of bone above the margin, each beyond a gap of its own, where most of them lie over one another. */
  readonly residueLayers: number;
  /** Share of the band that is darker than the cortex outside of it by more than half of the contrast. */
  readonly porosityShare: number;
  /** How dark the darkest gap beyond the margin is against the weaker of the lines on both sides of it. */
  readonly residueContrast: number;
  /** The same for the gaps within the band, as a mean along the border. */
  readonly bandContrast: number;
}

/** The cortex of a strip: its margin, and how much brighter it is than the marrow. */
interface Cortex {
  readonly course: MarginCourse;
  readonly contrast: number;
}

/** Lines and gaps are looked for in windows of 4 mm, every 1 mm, at nine slopes to the border. */
const WINDOW_HALF = 21;
const WINDOW_STEP = 10;
const SLOPES = [-0.3, -0.225, -0.15, -0.075, 0, 0.075, 0.15, 0.225, 0.3];
/** Least depth of a gap: above it the outer slope rises. */
const DEPTH_MIN = 12;
/** Gaps beyond the margin are looked for within 2.4 mm, and the lines beside a gap within 0.8 mm of its darkest. */
const RESIDUE_FROM = -3;
const RESIDUE_TO = 25;
const RESIDUE_WALL = 8;
/** Layers are counted within 3.4 mm above the margin. */
const LAYER_REACH = 35;
/** A window reaches a little further inwards than anything is looked for. */
const WINDOW_REACH = 42;
/** Gaps of the band lie within 2.4 mm below the margin, and their walls within 2.3 mm. */
const BAND_FROM = -25;
const BAND_WALL = 24;
/** A line is a layer where it stands out from the gaps on both sides by this share of the contrast. */
const LAYER_CONTRAST = 0.4;
const PORE_CONTRAST = 0.5;
const PORE_MARGIN = 2;
const PORE_DEPTH_MIN = 10;
const ROUGHNESS_PERCENTILE = 0.95;

/** The mean profile of one window of a sheared strip, and the depth of the margin in it. */
interface Window {
  readonly index: number;
  readonly profile: Float64Array;
  /** Row of the profile at which the margin lies. */
  readonly marginRow: number;
  /** Row at which depth is 0. */
  readonly zeroRow: number;
}

/** Measures the signs of Klemetti's classes on a strip whose margin was followed. */
export function measureCortexSigns(strip: SiteStrip, cortex: Cortex): CortexSigns {
  const { course, contrast } = cortex;
  const windows = SLOPES.flatMap((slope) => cutWindows(strip, course, slope));
  const count = 1 + Math.max(...windows.map(({ index }) => index));
  const band = new Float64Array(count);
  let [residue, layers] = [0, 0];
  for (const window of windows) {
    const { index, profile, marginRow, zeroRow } = window;
    const least = zeroRow + DEPTH_MIN;
    const gap = (from: number, to: number, wall: number): number =>
      deepestGap(profile, Math.max(least, marginRow + from), marginRow + to, wall) / contrast;
    residue = Math.max(residue, gap(RESIDUE_FROM, RESIDUE_TO, RESIDUE_WALL));
    band[index] = Math.max(band[index] ?? 0, gap(BAND_FROM, RESIDUE_FROM, BAND_WALL));
    layers = Math.max(layers, countLayers(window, LAYER_CONTRAST * contrast));
  }
  return {
    roughness: measureRoughness(course.depth),
    residueLayers: layers,
    porosityShare: measurePorosity(strip, cortex),
    residueContrast: residue,
    bandContrast: band.reduce((sum, value) => sum + value, 0) / count,
  };
}

/** Windows along the border at one slope; each is the mean over its columns, sheared by whole steps. */
function cutWindows(strip: SiteStrip, course: MarginCourse, slope: number): Window[] {
  const { columns, samples, alongFrom, depthFrom } = strip;
  const { firstColumn, lastColumn, depth } = course;
  const length = 2 * WINDOW_HALF + 1;
  const shifts = Array.from({ length }, (_, k) => Math.round(slope * (k - WINDOW_HALF)));
  const shiftMax = Math.max(...shifts);
  const windows: Window[] = [];
  const start = Math.max(-alongFrom, firstColumn + WINDOW_HALF);
  for (let centre = start; centre + WINDOW_HALF <= lastColumn; centre += WINDOW_STEP) {
    const marginRow = Math.round((depth[centre - firstColumn] ?? NaN) - depthFrom);
    // Rows that nothing is looked for in, or that the shear takes beyond the strip, stay unknown.
    const means = new Float64Array(strip.rows).fill(NaN);
    const end = Math.min(strip.rows - shiftMax, marginRow + WINDOW_REACH);
    for (let row = -depthFrom; row < end; row += 1) {
      let sum = 0;
      for (let k = 0, at = row * columns + centre - WINDOW_HALF; k < length; k += 1, at += 1) {
        sum += samples[at + (shifts[k] ?? 0) * columns] ?? NaN;
      }
      means[row] = sum / length;
    }
    windows.push({
      index: (centre - start) / WINDOW_STEP,
      profile: smoothProfile(means, 1),
      marginRow,
      zeroRow: -depthFrom,
    });
  }
  return windows;
}

/** How much the darkest gap between two rows lies below the lower of the highest values on both sides of it. */
function deepestGap(profile: Float64Array, from: number, to: number, wall: number): number {
  let deepest = 0;
  for (let row = from; row <= Math.min(to, profile.length - 1); row += 1) {
    const here = profile[row] ?? NaN;
    const before = highest(profile, row - wall, row);
    const after = highest(profile, row, row + wall);
    const gap = Math.min(before, after) - here;
    if (gap > deepest) deepest = gap;
  }
  return deepest;
}

function highest(profile: Float64Array, from: number, to: number): number {
  let most = -Infinity;
  for (let row = Math.max(0, from); row <= Math.min(to, profile.length - 1); row += 1) {
    const value = profile[row] ?? NaN;
    if (value > most) most = value;
  }
  return most;
}

/** Lines above the margin that rise from the gap before them and fall again by at least `step`. */
function countLayers({ profile, marginRow }: Window, step: number): number {
  const end = Math.min(profile.length, marginRow + LAYER_REACH);
  let [low, high, isRising, layers] = [Infinity, -Infinity, false, 0];
  for (let row = marginRow; row < end; row += 1) {
    const value = profile[row] ?? NaN;
    if (Number.isNaN(value)) break;
    if (isRising) {
      high = Math.max(high, value);
      if (high - value < step) continue;
      layers += 1;
      [isRising, low] = [false, value];
    } else {
      low = Math.min(low, value);
      if (value - low < step) continue;
      [isRising, high] = [true, value];
    }
  }
  return layers;
}

/** How far the margin lies outside its smooth course where its defects are, steps. */
function measureRoughness(depth: Float64Array): number {
  const course = fitCubic(depth);
  const defects = depth.map((value, index) => (course[index] ?? NaN) - value).sort();
  return Math.max(0, defects[Math.floor(ROUGHNESS_PERCENTILE * (defects.length - 1))] ?? 0);
}

/** Least squares by the first four discrete orthogonal polynomials. */
function fitCubic(values: Float64Array): Float64Array {
  const half = (values.length - 1) / 2;
  const basis: Float64Array[] = [];
  for (let power = 0; power <= 3; power += 1) {
    const term = values.map((_, index) => ((index - half) / half) ** power);
    for (const other of basis) {
      const share = dot(term, other);
      term.forEach((value, index) => (term[index] = value - share * (other[index] ?? 0)));
    }
    const length = Math.sqrt(dot(term, term));
    basis.push(term.map((value) => value / length));
  }
  const shares = basis.map((term) => dot(values, term));
  return values.map((_, index) =>
    basis.reduce((sum, term, power) => sum + (shares[power] ?? 0) * (term[index] ?? 0), 0),
  );
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

/** Share of the band, column by column, that is darker than what lies outside of it by more than half the contrast. */
function measurePorosity(strip: SiteStrip, { course, contrast }: Cortex): number {
  const deepest = Math.ceil(Math.max(...course.depth));
  const smooth = smoothStrip(strip, 1, 1.5, [-strip.depthFrom, deepest - strip.depthFrom]);
  let [dark, all] = [0, 0];
  course.depth.forEach((margin, index) => {
    const column = course.firstColumn + index;
    let crest = -Infinity;
    for (let depth = PORE_DEPTH_MIN; depth < margin - PORE_MARGIN; depth += 1) {
      const value = smooth[(depth - strip.depthFrom) * strip.columns + column] ?? NaN;
      crest = Math.max(crest, value);
      if (crest - value > PORE_CONTRAST * contrast) dark += 1;
      all += 1;
    }
  });
  return all === 0 ? 0 : dark / all;
}
