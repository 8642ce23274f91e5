import type { Film, PointPx } from '../exam/film.ts';
import { histogramOf, valueAtRank } from '../imaging/histogram.ts';
import { chainCoarseLine } from './coarse-line.ts';
import type { CoarseBorderPoint } from './coarse-line.ts';

export type { CoarseBorderPoint };

/** The periosteal border after refinement on the film's own grey values. */
export interface RefinedBorder {
  /** Left to right, at most 8 px between neighbours; empty when the model saw no border. */
  readonly points: readonly PointPx[];
  /** For each point 0..1: how far an edge of the film, and not only the model's line, holds it there. */
  readonly support: readonly number[];
  /** Mean absolute distance between the coarse and the refined line, along the normal. */
  readonly residualPx: number;
  /** Median step of grey across the line as a share of the film's grey range (percentile 1 to 99.5). */
  readonly edgeStrength: number;
}

// Lengths are in model pixels (film columns / 768, some 4 film pixels or 0.4 mm on a panoramic film), so that the
// same film scanned finer is read the same way.
const MODEL_COLUMNS = 768;
const MODEL_ROWS = 320;
const STATION_STEP_PX_MAX = 4;
const SEARCH_REACH = 5;
const OFFSETS_PER_UNIT = 4;
const COARSE_SMOOTHING = 3;
const ALONG_SMOOTHING_STATIONS = 2;
const ACROSS_SMOOTHING_OFFSETS = 1.5;
const FINAL_SMOOTHING_STATIONS = 1;
const LOCAL_SCALE_STATIONS = 25;
const PULL_WEIGHT = 0.4;
const BEND_WEIGHT = 0.1;
const BEND_MAX = 2;
const SCALE_FLOOR_SHARE = 0.6;
const EDGE_SUPPORT_MIN = 0.35;
const CLIMB_OFFSETS_MAX = 5;

interface Stations {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly normalX: Float64Array;
  readonly normalY: Float64Array;
  readonly pullSigma: Float64Array;
  readonly unitPx: number;
}

/**
 * Moves the model's line to the steepest fall of grey outwards along its normal, which on a blurred step is the
 * half-height point, and which is where both experts drew. Dynamic programming keeps the line continuous; where
 * the film shows no edge (chin cut off, ghost of the other side) the line stays with the model.
 */
export function refineInferiorBorder(film: Film, coarse: readonly CoarseBorderPoint[]): RefinedBorder {
  const stations = layStations(film, coarse);
  if (stations === null) return { points: [], support: [], residualPx: 0, edgeStrength: 0 };
  const reach = SEARCH_REACH * OFFSETS_PER_UNIT;
  const width = 2 * reach + 1;
  const profiles = sampleProfiles(film, stations, reach);
  const falls = outwardFalls(profiles, stations.x.length, width);
  const scale = localScale(falls, stations.x.length, width);
  const path = cheapestPath(falls, scale, stations, reach);
  const { offsets, support } = subPixelOffsets(falls, scale, path, reach);
  const stepPx = stations.unitPx / OFFSETS_PER_UNIT;
  const points: PointPx[] = [];
  const kept: number[] = [];
  let residual = 0;
  for (let i = 0; i < stations.x.length; i++) {
    const moved = (offsets[i] ?? 0) * stepPx;
    residual += Math.abs(moved);
    const x = (stations.x[i] ?? 0) + (stations.normalX[i] ?? 0) * moved;
    const y = (stations.y[i] ?? 0) + (stations.normalY[i] ?? 0) * moved;
    const last = points.at(-1);
    // Normals that converge in a notch may swap two neighbours; the line must stay a graph of x.
    if (last !== undefined && x <= last[0]) continue;
    points.push([x, Math.min(Math.max(y, 0), film.rows - 1)]);
    kept.push(support[i] ?? 0);
  }
  return {
    points,
    support: kept,
    residualPx: residual / stations.x.length,
    edgeStrength: medianStep(profiles, path, width) / greyRange(film),
  };
}

/** Stations at even steps of x over the columns that hold a border, on the smoothed coarse line, with normals. */
function layStations(film: Film, coarse: readonly CoarseBorderPoint[]): Stations | null {
  const line = chainCoarseLine(coarse);
  const unitPx = Math.max(film.columns / MODEL_COLUMNS, film.rows / MODEL_ROWS);
  const lineX = Float64Array.from(line, (point) => point.xPx);
  const firstX = Math.max(0, lineX[0] ?? 0);
  const lastX = Math.min(film.columns - 1, lineX.at(-1) ?? 0);
  const count = Math.ceil((lastX - firstX) / Math.min(unitPx, STATION_STEP_PX_MAX)) + 1;
  if (count < 8) return null;
  const step = (lastX - firstX) / (count - 1);
  const x = Float64Array.from({ length: count }, (_, i) => firstX + i * step);
  const rough = interpolate(
    lineX,
    Float64Array.from(line, (point) => point.yPx),
    x,
  );
  const y = smooth(rough, (COARSE_SMOOTHING * unitPx) / step / 2);
  const spread = Float64Array.from(line, (point) => Math.max(point.spreadPx / unitPx, 1));
  const pullSigma = interpolate(lineX, spread, x);
  const normalX = new Float64Array(count);
  const normalY = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const before = Math.max(0, i - 2);
    const after = Math.min(count - 1, i + 2);
    const slope = ((y[after] ?? 0) - (y[before] ?? 0)) / ((x[after] ?? 0) - (x[before] ?? 0));
    const length = Math.hypot(1, slope);
    normalX[i] = -slope / length;
    normalY[i] = 1 / length;
  }
  return { x, y, normalX, normalY, pullSigma, unitPx };
}

/** Values of a polyline at increasing places. */
function interpolate(xs: Float64Array, values: Float64Array, places: Float64Array): Float64Array {
  let at = 0;
  return places.map((place) => {
    while (at < xs.length - 2 && (xs[at + 1] ?? 0) < place) at++;
    const from = xs[at] ?? 0;
    const share = Math.min(1, Math.max(0, (place - from) / ((xs[at + 1] ?? 0) - from)));
    return (values[at] ?? 0) * (1 - share) + (values[at + 1] ?? 0) * share;
  });
}

/** Gaussian smoothing; at the ends the line is continued by its own point reflection, so that no end is bent. */
function smooth(values: Float64Array, sigma: number): Float64Array {
  const radius = Math.min(Math.ceil(3 * sigma), values.length - 1);
  const kernel = gaussian(sigma, radius);
  const last = values.length - 1;
  return values.map((_, i) => {
    let sum = 0;
    for (let k = -radius; k <= radius; k++) {
      const j = i + k;
      const value =
        j < 0
          ? 2 * (values[0] ?? 0) - (values[-j] ?? 0)
          : j > last
            ? 2 * (values[last] ?? 0) - (values[2 * last - j] ?? 0)
            : (values[j] ?? 0);
      sum += (kernel[k + radius] ?? 0) * value;
    }
    return sum;
  });
}

function gaussian(sigma: number, radius: number): Float64Array {
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, k) =>
    Math.exp(-0.5 * ((k - radius) / Math.max(sigma, 1e-6)) ** 2),
  );
  const sum = kernel.reduce((total, value) => total + value, 0);
  return kernel.map((value) => value / sum);
}

/** Grey values along each station's normal, from bone (negative offsets) outwards; stations x offsets. */
function sampleProfiles(film: Film, stations: Stations, reach: number): Float64Array {
  const { x, y, normalX, normalY, unitPx } = stations;
  const width = 2 * reach + 1;
  const raw = new Float64Array(x.length * width);
  // Offset by offset, because neighbouring stations lie in the same rows of the film.
  for (let k = 0; k < width; k++) {
    const moved = ((k - reach) * unitPx) / OFFSETS_PER_UNIT;
    for (let i = 0; i < x.length; i++) {
      const atX = (x[i] ?? 0) + (normalX[i] ?? 0) * moved;
      raw[i * width + k] = sample(film, atX, (y[i] ?? 0) + (normalY[i] ?? 0) * moved);
    }
  }
  return blurAcross(blurAlong(raw, width), width);
}

/** Bilinear grey value; beyond the picture the nearest pixel counts. */
function sample(film: Film, x: number, y: number): number {
  const cx = Math.min(Math.max(x, 0), film.columns - 1);
  const cy = Math.min(Math.max(y, 0), film.rows - 1);
  const x0 = Math.min(Math.floor(cx), film.columns - 2);
  const y0 = Math.min(Math.floor(cy), film.rows - 2);
  const at = y0 * film.columns + x0;
  const fx = cx - x0;
  const fy = cy - y0;
  const below = at + film.columns;
  const { samples, values } = film;
  const upper = (values[samples[at] ?? 0] ?? 0) * (1 - fx) + (values[samples[at + 1] ?? 0] ?? 0) * fx;
  const lower = (values[samples[below] ?? 0] ?? 0) * (1 - fx) + (values[samples[below + 1] ?? 0] ?? 0) * fx;
  return upper * (1 - fy) + lower * fy;
}

/** Gaussian smoothing from station to station; the ends are repeated. */
function blurAlong(values: Float64Array, width: number): Float64Array {
  const radius = Math.ceil(3 * ALONG_SMOOTHING_STATIONS);
  const kernel = gaussian(ALONG_SMOOTHING_STATIONS, radius);
  const last = values.length / width - 1;
  const blurred = new Float64Array(values.length);
  for (let i = 0; i <= last; i++) {
    for (let t = -radius; t <= radius; t++) {
      const from = Math.min(Math.max(i + t, 0), last) * width;
      const weight = kernel[t + radius] ?? 0;
      for (let k = 0; k < width; k++) {
        blurred[i * width + k] = (blurred[i * width + k] ?? 0) + weight * (values[from + k] ?? 0);
      }
    }
  }
  return blurred;
}

/** The same from offset to offset. */
function blurAcross(values: Float64Array, width: number): Float64Array {
  const radius = Math.ceil(3 * ACROSS_SMOOTHING_OFFSETS);
  const kernel = gaussian(ACROSS_SMOOTHING_OFFSETS, radius);
  const padded = new Float64Array(width + 2 * radius);
  const blurred = new Float64Array(values.length);
  for (let base = 0; base < values.length; base += width) {
    padded.fill(values[base] ?? 0, 0, radius);
    padded.set(values.subarray(base, base + width), radius);
    padded.fill(values[base + width - 1] ?? 0, radius + width);
    for (let k = 0; k < width; k++) {
      let sum = 0;
      for (let t = 0; t < kernel.length; t++) sum += (kernel[t] ?? 0) * (padded[k + t] ?? 0);
      blurred[base + k] = sum;
    }
  }
  return blurred;
}

/** How much the grey falls outwards at every offset; a rise counts as nothing. */
function outwardFalls(profiles: Float64Array, count: number, width: number): Float64Array {
  const falls = new Float64Array(profiles.length);
  for (let i = 0; i < count; i++) {
    for (let k = 1; k < width - 1; k++) {
      const at = i * width + k;
      falls[at] = Math.max(0, (profiles[at - 1] ?? 0) - (profiles[at + 1] ?? 0));
    }
  }
  return falls;
}

/** The usual height of the steepest fall round each station, floored at a share of the whole line's. */
function localScale(falls: Float64Array, count: number, width: number): Float64Array {
  const steepest = new Float64Array(count);
  for (let at = 0; at < falls.length; at++) {
    const station = Math.floor(at / width);
    steepest[station] = Math.max(steepest[station] ?? 0, falls[at] ?? 0);
  }
  const floor = SCALE_FLOOR_SHARE * median(steepest);
  return slidingMedian(steepest, LOCAL_SCALE_STATIONS).map((usual) => Math.max(usual, floor, 1e-9));
}

/** The median of each value with `reach` neighbours on either side; at the ends there are fewer. */
function slidingMedian(values: Float64Array, reach: number): Float64Array {
  const window: number[] = [];
  const place = (value: number): number => {
    let [low, high] = [0, window.length];
    while (low < high) {
      const mid = (low + high) >> 1;
      if ((window[mid] ?? 0) < value) low = mid + 1;
      else high = mid;
    }
    return low;
  };
  const add = (value: number | undefined): void => {
    if (value !== undefined) window.splice(place(value), 0, value);
  };
  for (const value of values.subarray(0, reach)) add(value);
  return values.map((_, i) => {
    add(values[i + reach]);
    const left = values[i - reach - 1];
    if (left !== undefined) window.splice(place(left), 1);
    return medianOfSorted(window);
  });
}

function median(values: Float64Array): number {
  return medianOfSorted(Float64Array.from(values).sort());
}

function medianOfSorted(sorted: ArrayLike<number>): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[half] ?? 0) : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
}

/** Viterbi over the offsets: steep fall, near the model's line, without jumps. */
function cheapestPath(
  falls: Float64Array,
  scale: Float64Array,
  stations: Stations,
  reach: number,
): Int32Array {
  const width = 2 * reach + 1;
  const count = scale.length;
  const from = new Int8Array(count * width);
  let costs = new Float64Array(width);
  let next = new Float64Array(width);
  for (let i = 0; i < count; i++) {
    const sigma = stations.pullSigma[i] ?? 0;
    const usual = scale[i] ?? 0;
    for (let k = 0; k < width; k++) {
      let best = Infinity;
      let bestBend = 0;
      const [first, last] = [Math.max(-BEND_MAX, k - width + 1), Math.min(BEND_MAX, k)];
      for (let bend = first; bend <= last; bend++) {
        const cost = (costs[k - bend] ?? 0) + BEND_WEIGHT * bend * bend;
        if (cost < best) {
          best = cost;
          bestBend = bend;
        }
      }
      const away = (k - reach) / OFFSETS_PER_UNIT / sigma;
      const edge = Math.min(1.5, (falls[i * width + k] ?? 0) / usual);
      next[k] = best - edge + PULL_WEIGHT * away * away;
      from[i * width + k] = bestBend;
    }
    [costs, next] = [next, costs];
  }
  const path = new Int32Array(count);
  path[count - 1] = costs.reduce((best, cost, k) => (cost < (costs[best] ?? 0) ? k : best), 0);
  for (let i = count - 1; i > 0; i--) path[i - 1] = (path[i] ?? 0) - (from[i * width + (path[i] ?? 0)] ?? 0);
  return path;
}

/** The peak of the fall next to the path by a parabola, then smoothed along the line by its support. */
function subPixelOffsets(
  falls: Float64Array,
  scale: Float64Array,
  path: Int32Array,
  reach: number,
): { offsets: Float64Array; support: Float64Array } {
  const width = 2 * reach + 1;
  const support = new Float64Array(path.length);
  const peaks = new Float64Array(path.length);
  for (let i = 0; i < path.length; i++) {
    let k = Math.min(Math.max(path[i] ?? 0, 1), width - 2);
    const fall = (at: number): number => falls[i * width + at] ?? 0;
    // The pull to the model and the smoothness may hold the path on the flank of the edge.
    for (let climbed = 0; climbed < CLIMB_OFFSETS_MAX; climbed++) {
      if (k > 1 && fall(k - 1) > fall(k)) k--;
      else if (k < width - 2 && fall(k + 1) > fall(k)) k++;
    }
    const curve = fall(k - 1) - 2 * fall(k) + fall(k + 1);
    const shift = curve < 0 ? (0.5 * (fall(k - 1) - fall(k + 1))) / curve : 0;
    support[i] = Math.min(1, fall(k) / (scale[i] ?? 0));
    const isEdge = (support[i] ?? 0) >= EDGE_SUPPORT_MIN && Math.abs(shift) <= 1;
    peaks[i] = (isEdge ? k + shift : (path[i] ?? 0)) - reach;
  }
  const radius = Math.ceil(3 * FINAL_SMOOTHING_STATIONS);
  const kernel = gaussian(FINAL_SMOOTHING_STATIONS, radius);
  const offsets = peaks.map((_, i) => {
    let sum = 0;
    let weights = 0;
    for (let t = -radius; t <= radius; t++) {
      const at = i + t;
      if (at < 0 || at >= peaks.length) continue;
      const weight = (kernel[t + radius] ?? 0) * (0.05 + (support[at] ?? 0));
      sum += weight * (peaks[at] ?? 0);
      weights += weight;
    }
    return sum / weights;
  });
  return { offsets, support };
}

/** Median over the line of the grey just inside it minus just outside it. */
function medianStep(profiles: Float64Array, path: Int32Array, width: number): number {
  const arm = OFFSETS_PER_UNIT + 1;
  const steps = Float64Array.from(path, (k, i) => {
    const inside = profiles[i * width + Math.max(0, k - arm)] ?? 0;
    return inside - (profiles[i * width + Math.min(width - 1, k + arm)] ?? 0);
  });
  return median(steps);
}

function greyRange(film: Film): number {
  const some = histogramOf(film, Math.max(1, Math.floor(film.samples.length / 20_000)));
  const low = valueAtRank(some, Math.floor(0.01 * (some.total - 1)));
  const high = valueAtRank(some, Math.floor(0.995 * (some.total - 1)));
  return Math.max(high - low, 1e-9);
}
